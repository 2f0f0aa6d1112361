/**
 * `npm run test:cluster`: every suite that needs a real cluster, on one that is made for them.
 *
 * Builds what is missing, brings the cluster up from nothing, loads images, runs each suite
 * (`*.cluster.ts`) after the other, takes everything down and looks whether anything is left. A
 * suite that needs more than Remora and the shop says so in its header: ` * Needs: helm jaeger.`,
 * names of programs and images. `--only FRAGMENT` chooses suites by path. `--keep` uses the cluster
 * that is up, and leaves it up. Where there can be no cluster it says why, and that is no failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { down, isUp, leftovers, loadImage, running, up } from '../test/cluster/machine/cluster.ts';
import { installMissingPackages } from '../test/cluster/machine/debian.ts';
import { whyNoCluster } from '../test/cluster/machine/fitness.ts';
import { type ImageName, isImageName } from '../test/cluster/machine/images.ts';
import { otherOwner } from '../test/cluster/machine/owner.ts';
import { places } from '../test/cluster/machine/places.ts';
import { ProcessLock } from '../test/cluster/machine/process-lock.ts';
import {
  buildPrograms,
  CLUSTER_PROGRAMS,
  isProgramName,
  type ProgramName,
} from '../test/cluster/machine/programs.ts';
import { Progress } from './progress.ts';

const EXIT_FAILED = 1;
const EXIT_BUSY = 75;
const TEST_TIMEOUT_MS = 15 * 60_000;
const ALWAYS: readonly ImageName[] = ['remora', 'shop'];

const root = join(import.meta.dirname, '..');
const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});

const progress = new Progress();
const steps: { readonly name: string; readonly seconds: string }[] = [];
process.exitCode = await main();

async function main(): Promise<number> {
  const suites = globSync('test/cluster/**/*.cluster.ts', { cwd: root })
    .filter((file) => file.includes(flags.only))
    .sort();
  if (suites.length === 0) {
    console.error(`No suite's path has ${flags.only} in it.`);
    return EXIT_FAILED;
  }
  const why = whyNoCluster();
  if (why !== null) {
    console.log(`SKIPPED: no cluster can be here: ${why}. Not run: ${suites.join(' ')}`);
    return 0;
  }
  const lock = ProcessLock.tryTake(places.lock);
  const owner = running().length === 0 ? null : otherOwner();
  if (lock === null || owner !== null) {
    lock?.release();
    console.error(`The cluster of this machine is in use, by ${owner ?? 'another run of this'}.`);
    return EXIT_BUSY;
  }
  try {
    return await runAll(suites);
  } finally {
    lock.release();
    for (const { name, seconds } of steps) console.log(`${seconds.padStart(8)} s  ${name}`);
  }
}

async function runAll(suites: readonly string[]): Promise<number> {
  let passed = false;
  try {
    const needs = needsOf(suites);
    await timed('build', async () => await build(needs.programs));
    await timed('up', bringUp);
    await timed('images', async () => {
      for (const name of needs.images) await loadImage(name, progress);
    });
    await timed('suites', async () => {
      passed = run(suites);
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  if (flags.keep) {
    progress.step('the cluster stays up: npm run cluster -- down');
    return passed ? 0 : EXIT_FAILED;
  }
  const left = await timed('down', async () => {
    await down();
    return await leftovers();
  });
  if (left.length > 0) console.error(`left behind: ${left.join(', ')}`);
  return passed && left.length === 0 ? 0 : EXIT_FAILED;
}

async function build(more: readonly ProgramName[]): Promise<void> {
  await installMissingPackages(progress.step);
  await buildPrograms([...CLUSTER_PROGRAMS, ...more], progress);
}

async function bringUp(): Promise<void> {
  if (flags.keep && isUp()) return;
  if (existsSync(places.state)) await down();
  await up(progress);
}

function run(suites: readonly string[]): boolean {
  const child = spawnSync(
    process.execPath,
    [
      '--test',
      '--test-concurrency=1',
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      '--test-reporter=spec',
      '--import=./scripts/test-end.js',
      '--disable-warning=ExperimentalWarning',
      ...suites,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  return child.status === 0;
}

interface Needs {
  readonly programs: readonly ProgramName[];
  readonly images: readonly ImageName[];
}

/** What the suites' headers ask for. */
function needsOf(suites: readonly string[]): Needs {
  const words = suites.flatMap((file) => {
    const needs = /^ \* Needs: (.+)\.$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1];
    return needs?.split(' ') ?? [];
  });
  const unknown = words.filter((word) => !isProgramName(word) && !isImageName(word));
  if (unknown.length > 0) throw new Error(`a suite needs ${unknown.join(', ')}: what is that?`);
  return {
    programs: [...new Set(words.filter(isProgramName))],
    images: [...new Set([...ALWAYS, ...words.filter(isImageName)])],
  };
}

async function timed<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  progress.step(`--- ${name}`);
  const startedAtMs = performance.now();
  try {
    return await work();
  } finally {
    steps.push({ name, seconds: ((performance.now() - startedAtMs) / 1_000).toFixed(1) });
  }
}
