/**
 * Sidecars that want for something: descriptors, disk, somebody who reads their log.
 *
 * A full disk is one of 4 KiB in memory, full to the last byte, that only the sidecar sees: Linux
 * mounts one without root where user namespaces are allowed. Where not, files are bound to a size
 * of 0: writing fails too, with another errno. Pipes are no files, so output still works.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { sleepMs } from '../machine/orders.ts';
import type { Scene } from '../scene.ts';
import { GovernedMesh, stateFolder } from './governed-mesh.ts';
import { compileMesh, type ServicePlan } from './mesh.ts';
import { type RunningRemora, startRemora, writeSnapshot } from './remora.ts';

export const DESCRIPTORS = 256;
/** Over 500 bytes each: together more than a pipe and the log's 1 MiB. */
const REFUSED = 4_000;
const BLOCKED_WITHIN_MS = 5_000;
/** Both keep the process id, so that signals reach the proxy. `$0` is where the disk is. */
const WITH_FULL_DISK = `
in_own='unshare --map-root-user --mount'
if $in_own true 2>/dev/null; then
  exec $in_own sh -c '
    mount -t tmpfs -o size=4k none "$0" && head -c 4096 /dev/zero > "$0/full" && exec "$@"
  ' "$0" "$@"
fi
ulimit -f 0
exec "$@"`;
const FEW_DESCRIPTORS = under(`ulimit -n ${DESCRIPTORS}`);

export async function withFewDescriptors(scene: Scene, plan: ServicePlan): Promise<RunningRemora> {
  const flags = snapshotFlags(scene, plan);
  return await startRemora(scene, scene.remora, {
    name: 'client-0',
    flags,
    under: FEW_DESCRIPTORS,
  });
}

/** Nobody reads its log, and it has had more to say than a pipe and its buffer take. */
export async function withBlockedLog(scene: Scene, plan: ServicePlan): Promise<RunningRemora> {
  const file = writeSnapshot(scene, compileMesh([plan]));
  const flags = ['--outbound', '127.0.0.1:0', '--snapshot', file];
  const running = await startRemora(scene, scene.remora, {
    name: 'client-0',
    flags,
    unreadLog: true,
  });
  addRefused(file);
  const untilMs = performance.now() + BLOCKED_WITHIN_MS;
  while ((await linesDropped(running)) === 0 && performance.now() < untilMs) await sleepMs(50);
  return running;
}

/** Log lines that found no room. */
export async function linesDropped({ metrics }: RunningRemora): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  return Number(/^remora_log_lines_dropped_total (\d+)$/m.exec(page)?.[1] ?? Number.NaN);
}

/** Beside what is good: destinations that are refused, each of which is a line in the log. */
function addRefused(file: string): void {
  const snapshot = JSON.parse(readFileSync(file, 'utf8')) as { destinations: object };
  const refused = Array.from({ length: REFUSED }, (_, at) => {
    return [`${'refused-'.repeat(40)}${at}.shop:80`, { version: 'v1', config: {} }];
  });
  const destinations = { ...snapshot.destinations, ...Object.fromEntries(refused) };
  writeFileSync(`${file}.next`, JSON.stringify({ ...snapshot, destinations }));
  renameSync(`${file}.next`, file);
}

export async function withFullDisk(
  scene: Scene,
  plan: ServicePlan,
): Promise<{ readonly mesh: GovernedMesh; readonly sidecar: RunningRemora }> {
  const under = ['sh', '-c', WITH_FULL_DISK, stateFolder(scene)];
  return await GovernedMesh.start(scene, scene.remora, { plan, under });
}

function snapshotFlags(scene: Scene, plan: ServicePlan): readonly string[] {
  return ['--outbound', '127.0.0.1:0', '--snapshot', writeSnapshot(scene, compileMesh([plan]))];
}

/** `exec` keeps the process id, so that signals reach the proxy. */
function under(limit: string): readonly string[] {
  return ['sh', '-c', `${limit}; exec "$@"`, 'sh'];
}
