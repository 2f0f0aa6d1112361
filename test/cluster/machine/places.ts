/**
 * Where the cluster's programs and its state are, and why they may be missing.
 *
 * Both are outside of the tree, because a build of Kubernetes is worth more than a checkout: what
 * is built once serves every worktree. Programs are kept by the version of Kubernetes, so that
 * another version is another folder and never half of this one. `REMORA_CLUSTER` names another
 * place for all of it.
 *
 * Read by every part of the machine, and by tests that have to skip themselves.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** 1.35 gives cgroup v1 up, and that is what many a build machine still has. */
export const KUBE_VERSION = 'v1.34.3';

/** What an API server alone needs. */
const API_SERVER_PROGRAMS = ['etcd', 'kube-apiserver', 'kubectl', 'openssl'];
/** Where Debian puts what only root runs; a user's PATH may lack them. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

const home = process.env['REMORA_CLUSTER'] ?? '/var/tmp/remora-cluster';

export const places = {
  /** Programs that were built from Go modules. */
  programs: join(home, KUBE_VERSION, 'bin'),
  /** Where images are put together. */
  images: join(home, 'images'),
  /** Everything of the one cluster that is up. */
  state: join(home, 'state'),
  /** Who runs suites on it. */
  lock: join(home, 'run.pid'),
} as const;

/** Path of a program: one that was built, else one of the system; null: there is none. */
export function findProgram(name: string): string | null {
  const path = (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of [places.programs, ...path, ...SYSTEM_FOLDERS]) {
    const file = join(folder, name);
    if (isRunnable(file)) return file;
  }
  return null;
}

/** Path of a program that has been looked for before. */
export function programPath(name: string): string {
  const path = findProgram(name);
  if (path === null) throw new Error(`There is no ${name} here: npm run cluster -- build`);
  return path;
}

/** Why a test that needs an API server has to skip itself; false: it need not. */
export function skipWithoutApiServer(): string | false {
  const missing = API_SERVER_PROGRAMS.filter((name) => findProgram(name) === null);
  return missing.length > 0 && `no ${missing.join(', ')} here: \`npm run cluster -- build\``;
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
