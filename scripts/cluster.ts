/**
 * `npm run cluster`: a real Kubernetes on this machine, for tests, up in seconds.
 *
 *   build [PROGRAM...]  what it is made of: Debian's packages and Go modules; minutes, once
 *   up | down | status  one node with names, Services and pods of both families of addresses
 *   down --force        also where another checkout brought it up
 *   image NAME...       makes an image and loads it
 *   kubectl ...         as administrator; KUBECONFIG is printed by `status`
 *
 * Exit codes: 64 for a word that is not known, 69 where there can be no cluster; it says why.
 */
import { spawnSync } from 'node:child_process';
import {
  down,
  isUp,
  kubeconfigFile,
  loadImage,
  running,
  up,
} from '../test/cluster/machine/cluster.ts';
import { installMissingPackages } from '../test/cluster/machine/debian.ts';
import { whyNoCluster } from '../test/cluster/machine/fitness.ts';
import { IMAGE_NAMES, isImageName } from '../test/cluster/machine/images.ts';
import { otherOwner } from '../test/cluster/machine/owner.ts';
import { places, programPath } from '../test/cluster/machine/places.ts';
import {
  buildPrograms,
  CLUSTER_PROGRAMS,
  isProgramName,
  PROGRAM_NAMES,
} from '../test/cluster/machine/programs.ts';
import { Progress } from './progress.ts';

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const FORCE = '--force';

const progress = new Progress();
const [verb = '', ...words] = process.argv.slice(2);
process.exitCode = await main();

async function main(): Promise<number> {
  if (verb === 'kubectl') return kubectl(words);
  if (verb === 'status') return status();
  const verbs: Readonly<Record<string, () => Promise<void>>> = {
    build,
    up: start,
    down: end,
    image,
  };
  const work = verbs[verb];
  if (work === undefined || !areKnown()) {
    console.error(
      'build [PROGRAM...] | up | down [--force] | status | image NAME... | kubectl ...',
    );
    console.error(`programs: ${PROGRAM_NAMES.join(' ')}\nimages: ${IMAGE_NAMES.join(' ')}`);
    return EXIT_USAGE;
  }
  const why = whyNoCluster();
  if (why !== null) {
    console.error(`There can be no cluster here: ${why}.`);
    return EXIT_UNAVAILABLE;
  }
  try {
    await work();
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

function areKnown(): boolean {
  if (verb === 'build') return words.every(isProgramName);
  if (verb === 'image') return words.length > 0 && words.every(isImageName);
  return words.length === 0 || (verb === 'down' && words.join() === FORCE);
}

async function build(): Promise<void> {
  await installMissingPackages(progress.step);
  const names = words.length === 0 ? CLUSTER_PROGRAMS : words.filter(isProgramName);
  await buildPrograms(names, progress);
  progress.step(`${names.join(' ')}: in ${places.programs}`);
}

async function start(): Promise<void> {
  await buildPrograms(CLUSTER_PROGRAMS, progress);
  await up(progress);
  progress.step(`up. KUBECONFIG=${kubeconfigFile}`);
}

async function end(): Promise<void> {
  const owner = otherOwner();
  if (owner !== null && running().length > 0 && !words.includes(FORCE)) {
    throw new Error(`it is the cluster of ${owner}. To take it down anyway: down ${FORCE}`);
  }
  await down();
  progress.step('down');
}

async function image(): Promise<void> {
  for (const name of words.filter(isImageName)) await loadImage(name, progress);
}

function status(): number {
  const alive = running();
  const what = isUp() ? 'up' : alive.length === 0 ? 'down' : 'neither up nor down';
  console.log(`${what}${alive.length === 0 ? '' : `: ${alive.join(' ')}`}`);
  const owner = otherOwner();
  if (owner !== null) console.log(`of ${owner}`);
  if (alive.length > 0) console.log(`KUBECONFIG=${kubeconfigFile}\nlogs: ${places.state}/log`);
  return isUp() ? 0 : 1;
}

function kubectl(args: readonly string[]): number {
  const flags = ['--kubeconfig', kubeconfigFile];
  return spawnSync(programPath('kubectl'), [...flags, ...args], { stdio: 'inherit' }).status ?? 1;
}
