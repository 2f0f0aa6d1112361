/**
 * The cgroup that everything of the cluster's pods is in, so that all of it can be ended.
 *
 * Containers and their shims are no children of ours, and their ids are recorded nowhere. But who
 * is in our cgroup was started by our containerd: a reliable list, even after a crash. Both
 * versions of cgroups; in the first there is one tree per controller.
 *
 * Called by `cluster.ts` and `containerd.ts`.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Root of the pods' cgroups, as kubelet is told. */
export const POD_CGROUP = '/remora-cluster';
const RUNTIME_CGROUP = '/remora-cluster-runtime';
/** Sixteen programs' worth. */
const CPU_SHARES = { 'cpu.shares': '16384', 'cpu.weight': '1600' } as const;
const EMPTY_LIMIT_MS = 10_000;
const POLL_MS = 50;

/** Makes both cgroups, in every tree. */
export function makeCgroups(): void {
  for (const tree of trees()) {
    for (const name of [POD_CGROUP, RUNTIME_CGROUP]) {
      mkdirSync(join(tree, name), { recursive: true });
    }
    raiseShare(join(tree, POD_CGROUP));
  }
}

/**
 * All pods together weigh as much as one program beside them, and a machine that compiles has
 * twenty: what a suite then sees is pods that stand still. The files are those of either version.
 */
function raiseShare(folder: string): void {
  for (const [file, share] of Object.entries(CPU_SHARES)) {
    const path = join(folder, file);
    if (existsSync(path)) writeFileSync(path, share);
  }
}

/** From here on its children are in our cgroup, too: the shims. */
export function enterRuntimeCgroup(pid: number): void {
  for (const tree of trees()) {
    // A new set of processors is empty and takes nobody; one tree is enough to be found.
    if (tree.endsWith('cpuset')) continue;
    writeFileSync(join(tree, RUNTIME_CGROUP, 'cgroup.procs'), String(pid));
  }
}

/** Ends everything that is in them, and removes them. */
export async function removeCgroups(): Promise<void> {
  const endAtMs = performance.now() + EMPTY_LIMIT_MS;
  for (;;) {
    const pids = new Set(folders().flatMap(processesIn));
    if (pids.size === 0) break;
    if (performance.now() > endAtMs) throw new Error(`still there: ${[...pids].join(' ')}`);
    for (const pid of pids) tryKill(pid);
    await sleep(POLL_MS);
  }
  for (const folder of folders()) tryRemove(folder);
}

/** Where cgroups are mounted. */
function trees(): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const first = mounts.filter(([, , type]) => type === 'cgroup').map(([, at]) => at!);
  const second = mounts.filter(([, , type]) => type === 'cgroup2').map(([, at]) => at!);
  return [...new Set([...first, ...second])];
}

/** Ours, in every tree, the deepest first. */
function folders(): string[] {
  return trees().flatMap((tree) =>
    [POD_CGROUP, RUNTIME_CGROUP].flatMap((name) => deepestFirst(join(tree, name))),
  );
}

function deepestFirst(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const inner = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  return [...inner.flatMap((one) => deepestFirst(join(folder, one.name))), folder];
}

function processesIn(folder: string): number[] {
  try {
    const text = readFileSync(join(folder, 'cgroup.procs'), 'utf8');
    return text.split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // It was removed meanwhile.
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the look and the signal.
  }
}

function tryRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // A zombie that nobody has reaped yet holds it. The next `up` uses it again.
  }
}
