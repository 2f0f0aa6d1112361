/**
 * `npm test`: every test of the project, on any machine that ran `npm ci`.
 *
 * `npm test -- proxy/src/http1` runs the tests whose path contains one of the words given, and
 * `npm test -- --units` leaves out what starts processes. Tests that need something a machine may
 * lack skip themselves and say what. Node's own runner prints the closing lines (tests, pass,
 * fail), and its exit code is ours.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pinnedEnvironment, pinnedNode, root } from './pinned-node.js';

const FOLDERS = ['api', 'proxy', 'control-plane', 'bench', 'scripts', 'examples', 'test'];
/** Their tests start programs, and are no part of the gate. */
const PROCESSES = /^test\/(e2e|cluster)\/|-in-cluster\.test\.ts$/;
const TEST_TIMEOUT_MS = 120_000;
/** Process-level tests start up to six processes each: more files at once measure the machine. */
const CONCURRENCY = 2;

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unitsOnly = process.argv.includes('--units');

const files = FOLDERS.flatMap(testFilesUnder)
  .filter((file) => !(unitsOnly && PROCESSES.test(file)))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

if (files.length === 0) {
  console.error(`No test file matches ${words.join(' ') || 'anything'}.`);
  process.exit(1);
}

const node = pinnedNode();
const run = spawnSync(
  node,
  [
    '--test',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--import=./scripts/test-end.js',
    '--disable-warning=ExperimentalWarning',
    ...files,
  ],
  { cwd: root, env: pinnedEnvironment(node), stdio: 'inherit' },
);
if (run.error !== undefined) console.error(run.error.message);
process.exitCode = run.status ?? 1;

function testFilesUnder(folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  } catch {
    return []; // A workspace without this folder has no tests in it.
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !file.includes('node_modules'))
    .sort();
}
