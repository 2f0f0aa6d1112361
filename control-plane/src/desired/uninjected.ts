/**
 * Pods that should have a sidecar and have none: made before they were asked for one, or while no
 * webhook answered (the configuration for single pods lets them start all the same).
 *
 * Told and not ended: whose traffic bypasses the mesh is for its owner to restart. Those that are
 * on their way out, or share the network of their node, are left alone.
 *
 * Pure. Called for events and for the count of them.
 */
import type { Pod } from '@remora/api/config/objects.ts';
import { INJECT } from '@remora/api/mesh-names.ts';
import type { World } from '../world.ts';
import { podWorkload } from './pod-workload.ts';

export interface UninjectedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly workload: string;
  /** Who asks for a sidecar, and what to do. */
  readonly why: string;
}

const REMEDY = 'it was made before that, or while no webhook answered: restart its workload';

export function uninjectedPods(world: World): readonly UninjectedPod[] {
  const found: UninjectedPod[] = [];
  for (const pod of world.pods.values()) {
    if (!isExpected(pod)) continue;
    const asker = askerOf(world, pod);
    if (asker === null) continue;
    const { namespace, name, uid } = pod.metadata;
    const why = `${asker} asks for a sidecar (${INJECT}) and the pod has none; ${REMEDY}`;
    found.push({ namespace, name, uid, workload: podWorkload(pod.metadata), why });
  }
  return found;
}

function isExpected({ metadata, spec, status }: Pod): boolean {
  if (spec.hasSidecar || spec.hostNetwork || status.phase !== 'Running') return false;
  if (metadata.deletionTimestamp !== undefined) return false;
  // Kubelet's own, which the API server only mirrors: no webhook has seen it.
  return !metadata.ownerReferences.some(({ kind }) => kind === 'Node');
}

/** What the pod says goes over what its namespace says. Null: nobody, or the pod says no. */
function askerOf({ namespaces }: World, { metadata }: Pod): string | null {
  const said = [metadata.annotations[INJECT], metadata.labels?.[INJECT]];
  if (said.includes('disabled')) return null;
  if (said.includes('enabled')) return 'It';
  const { namespace } = metadata;
  const labels = namespaces.get(namespace)?.metadata.labels;
  return labels?.[INJECT] === 'enabled' ? `Namespace ${namespace}` : null;
}
