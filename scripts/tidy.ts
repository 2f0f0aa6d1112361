/**
 * Tidy: the part of docs/STYLE.md that a machine can judge, for every file of the tree.
 *
 * Sizes, headers, file names, refused words, purity; and what must never be committed: the name of
 * a package registry's host, or a path of the machine that somebody happened to work on. The list
 * of exceptions may only shrink: one that is no longer needed fails too.
 *
 * Run by `npm run ok`, or alone: `npm run ok -- --only tidy`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, findInCode } from './tidy-code.ts';
import { findInName, findInText } from './tidy-text.ts';

interface Exception {
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}

const EXCEPTIONS: readonly Exception[] = [];

const SKIPPED = /(^|\/)(node_modules|dist|\.git|\.cache|\.remora)(\/|$)|^bench\/results\/local\//;
const CODE = /\.(ts|js|mjs|cjs)$/;
const CODE_FOLDERS = /^(api|proxy|control-plane|bench|scripts|test|examples)\//;
const BINARY = /\.(png|gif|ico|woff2?|gz|bin|raw|wasm)$/;

const root = join(import.meta.dirname, '..');
const used = new Set<Exception>();
let files = 0;
let refused = 0;

for (const path of listFiles('')) {
  files++;
  for (const finding of findInFile(path)) {
    const exception = EXCEPTIONS.find((one) => one.path === path && one.rule === finding.rule);
    if (exception === undefined) {
      refused++;
      console.log(`${path}:${finding.line} ${finding.rule}: ${finding.detail}`);
    } else {
      used.add(exception);
    }
  }
}
for (const exception of EXCEPTIONS.filter((one) => !used.has(one))) {
  refused++;
  console.log(`scripts/tidy.ts: the exception for ${exception.path} is not needed: remove it`);
}
console.log(`${files} files, ${refused} findings, ${EXCEPTIONS.length} exceptions`);
process.exitCode = refused === 0 && files > 0 ? 0 : 1;

function findInFile(path: string): Finding[] {
  const findings = findInName(path);
  if (BINARY.test(path)) return findings;
  const text = readFileSync(join(root, path), 'utf8');
  findings.push(...findInText(path, text));
  if (CODE.test(path) && CODE_FOLDERS.test(path)) findings.push(...findInCode(path, text));
  return findings;
}

function* listFiles(folder: string): Generator<string> {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED.test(path)) continue;
    if (entry.isDirectory()) yield* listFiles(path);
    else if (entry.isFile()) yield path;
  }
}
