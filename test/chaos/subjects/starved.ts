/**
 * Sidecars that want for something: descriptors, disk, somebody who reads their log.
 *
 * A full disk is a bound of 0 on the size of files: writing fails as it does on a full one, with
 * another errno, and needs no mount and no root. Pipes are no files, so output still works.
 */
import type { Scene } from '../scene.ts';
import { GovernedMesh } from './governed-mesh.ts';
import { compileMesh, type ServicePlan } from './mesh.ts';
import { type RunningRemora, startRemora, writeSnapshot } from './remora.ts';

export const DESCRIPTORS = 256;
const FULL_DISK = under('ulimit -f 0');
const FEW_DESCRIPTORS = under(`ulimit -n ${DESCRIPTORS}`);

export async function withFewDescriptors(scene: Scene, plan: ServicePlan): Promise<RunningRemora> {
  const flags = snapshotFlags(scene, plan);
  return await startRemora(scene, scene.remora, {
    name: 'client-0',
    flags,
    under: FEW_DESCRIPTORS,
  });
}

export async function withUnreadLog(scene: Scene, plan: ServicePlan): Promise<RunningRemora> {
  const flags = snapshotFlags(scene, plan);
  return await startRemora(scene, scene.remora, { name: 'client-0', flags, unreadLog: true });
}

export async function withFullDisk(
  scene: Scene,
  plan: ServicePlan,
): Promise<{ readonly mesh: GovernedMesh; readonly sidecar: RunningRemora }> {
  return await GovernedMesh.start(scene, scene.remora, { plan, under: FULL_DISK });
}

function snapshotFlags(scene: Scene, plan: ServicePlan): readonly string[] {
  return ['--outbound', '127.0.0.1:0', '--snapshot', writeSnapshot(scene, compileMesh([plan]))];
}

/** `exec` keeps the process id, so that signals reach the proxy. */
function under(limit: string): readonly string[] {
  return ['sh', '-c', `${limit}; exec "$@"`, 'sh'];
}
