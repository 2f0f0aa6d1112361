/**
 * Checks who imports whom, by the rules in `.dependency-cruiser.mjs`.
 *
 * Why not the tool's own command line: it ends well when it understood no file at all, so a parser
 * that stops matching the compiler would switch every rule off in silence. Here the number of
 * modules found must be at least the number of sources on disk.
 *
 * Run by `npm run ok`, or alone: `npm run ok -- --only imports`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['api', 'proxy', 'control-plane', 'bench', 'test', 'scripts', 'examples'];
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
  readonly cycle?: readonly { readonly name: string }[];
}

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly Violation[];
    readonly ruleSetUsed: {
      readonly forbidden: readonly { readonly name: string; readonly comment: string }[];
    };
  };
}

const root = join(import.meta.dirname, '..');
const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
const cruised = cruise();
const found = new Set(cruised.modules.map((module) => module.source));
const missed = sources().filter((file) => !found.has(file));

for (const violation of cruised.summary.violations) {
  const path = violation.cycle?.map((step) => step.name).join(' -> ') ?? violation.to;
  const rules = cruised.summary.ruleSetUsed.forbidden;
  const why = rules.find((rule) => rule.name === violation.rule.name)?.comment ?? '';
  console.log(`${violation.from} -> ${path}\n    ${violation.rule.name}: ${why}`);
}
for (const file of missed) console.log(`${file}: was not read, so no rule was applied to it`);
console.log(
  `${found.size} modules read, ${cruised.summary.violations.length} violations, ` +
    `${missed.length} sources missed`,
);
const fine = cruised.summary.violations.length === 0 && missed.length === 0 && found.size > 0;
process.exitCode = fine ? 0 : 1;

function cruise(): CruiseResult {
  const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const run = spawnSync(
    process.execPath,
    [tool, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...folders],
    { cwd: root, encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX },
  );
  if (run.stdout === '') throw new Error(`dependency-cruiser printed nothing: ${run.stderr}`);
  const result: CruiseResult = JSON.parse(run.stdout);
  return result;
}

function sources(): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name}`)
      .filter((name) => name.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(name)),
  );
}
