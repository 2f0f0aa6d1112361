/**
 * `npm run ok`: the one gate. What is green here is fit to be merged, and CI runs nothing else.
 *
 * Every step runs even when an earlier one failed, so that one run tells everything there is to
 * mend. Cheap steps come first. `--only NAME` (repeatable) runs some of them, `--fix` lets the
 * formatter write. A step that cannot run at all counts as failed: a gate never skips in silence.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pinnedEnvironment, pinnedNode, root } from './pinned-node.js';

const node = pinnedNode();
const bin = (name) => join(root, 'node_modules', '.bin', name);
const script = (name, ...rest) => [node, '--disable-warning=ExperimentalWarning', name, ...rest];
const fix = process.argv.includes('--fix');

const STEPS = [
  {
    name: 'lint',
    what: 'format and lint',
    command: [bin('biome'), 'check', '--error-on-warnings', ...(fix ? ['--write'] : []), '.'],
  },
  { name: 'types', what: 'types', command: [bin('tsc'), '-p', root] },
  { name: 'tidy', what: 'sizes, headers, words, names', command: script('scripts/tidy.ts') },
  { name: 'imports', what: 'who imports whom', command: script('scripts/import-rules.ts') },
  {
    name: 'generated',
    what: 'generated files are fresh',
    command: script('scripts/generate.ts', '--check'),
  },
  { name: 'lock', what: 'the lock file', command: script('scripts/lock-file.ts', '--check') },
  { name: 'dead', what: 'code that nobody uses', command: [bin('knip'), '--no-progress'] },
  {
    name: 'tests',
    what: 'unit and property tests',
    command: script('scripts/test.js', '--units'),
  },
];

const only = process.argv.flatMap((word, at) => (word === '--only' ? [process.argv[at + 1]] : []));
const unknown = only.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`No step ${unknown.join(', ')}; there are: ${namesOf(STEPS).join(' ')}`);
  process.exit(2);
}

const chosen = only.length === 0 ? STEPS : STEPS.filter((step) => only.includes(step.name));
const results = chosen.map(runStep);
const failed = results.filter((result) => !result.passed);
console.log('');
for (const { step, passed, seconds } of results) {
  const verdict = passed ? '  ok  ' : 'FAILED';
  console.log(`${verdict}  ${step.name.padEnd(10)} ${seconds.padStart(6)} s  ${step.what}`);
}
console.log(
  failed.length === 0
    ? `ok: ${results.length} of ${results.length} steps`
    : `not ok: ${namesOf(failed.map((result) => result.step)).join(', ')}. ` +
        `One alone: npm run ok -- --only ${failed[0].step.name}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function namesOf(steps) {
  return steps.map((step) => step.name);
}

function runStep(step) {
  console.log(`\n--- ${step.name}: ${step.what}`);
  const startedAtMs = performance.now();
  const [command, ...rest] = step.command;
  const run = spawnSync(command, rest, {
    cwd: root,
    env: pinnedEnvironment(node),
    stdio: 'inherit',
  });
  if (run.error !== undefined) console.error(run.error.message);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  return { step, passed: run.status === 0, seconds };
}
