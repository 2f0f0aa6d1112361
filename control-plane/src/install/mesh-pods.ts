/**
 * The pods of the mesh as a cluster has them: those with a sidecar, by workload and version, and
 * those that should have one.
 *
 * Read as the control plane reads them, so that both say the same of a pod. Asks the API server.
 * Called by `remora check` and `remora uninstall`.
 */
import type { Pod } from '@remora/api/config/objects.ts';
import { INJECTED } from '@remora/api/mesh-names.ts';
import { compareText } from '../compare-text.ts';
import { podWorkload, replicaSetMaker } from '../desired/pod-workload.ts';
import { type UninjectedPod, uninjectedPods } from '../desired/uninjected.ts';
import type { KubeClient } from '../kube/client.ts';
import { ObjectLedger, readObject } from '../kube/object-ledger.ts';
import { namespaces, pods } from '../kube/resource.ts';
import { emptyWorld, foldWorld, isLive } from '../world.ts';

export interface InjectedWorkload {
  readonly namespace: string;
  /** What `kubectl rollout restart` takes; `pod/x` where nobody would make it anew. */
  readonly name: string;
  readonly pods: number;
  /** Of the releases that injected them. */
  readonly versions: readonly string[];
}

export interface MeshPods {
  readonly injected: readonly InjectedWorkload[];
  readonly uninjected: readonly UninjectedPod[];
}

export async function readMeshPods(client: KubeClient): Promise<MeshPods> {
  const read = await Promise.all(
    [namespaces, pods].map(async (resource) => {
      const { items } = await client.list(resource, { pick: readObject });
      return new ObjectLedger().reset(items);
    }),
  );
  const world = foldWorld(emptyWorld, read.flat());
  return {
    injected: injectedWorkloads([...world.pods.values()]),
    uninjected: uninjectedPods(world),
  };
}

/** Sorted by namespace and name. */
export function injectedWorkloads(all: readonly Pod[]): readonly InjectedWorkload[] {
  const found = new Map<string, InjectedWorkload>();
  for (const pod of all) {
    const { metadata, spec } = pod;
    if (!spec.hasSidecar || !isLive(pod) || metadata.deletionTimestamp !== undefined) continue;
    const { namespace } = metadata;
    const name = `${restartKind(metadata)}/${podWorkload(metadata)}`;
    const key = `${namespace}/${name}`;
    const { pods: count = 0, versions = [] } = found.get(key) ?? {};
    const version = metadata.annotations[INJECTED] ?? 'unknown';
    const seen = [...new Set([...versions, version])].sort();
    found.set(key, { namespace, name, pods: count + 1, versions: seen });
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, workload]) => workload);
}

function restartKind({ ownerReferences, labels }: Pod['metadata']): string {
  const owner = ownerReferences.find(({ controller }) => controller === true);
  const isReplicaSet = owner?.kind === 'ReplicaSet';
  const made = isReplicaSet ? replicaSetMaker(owner.name, labels ?? {}) : owner;
  return (made?.kind ?? 'Pod').toLowerCase();
}

/** What to type, or why nothing is. */
export function restartText({ namespace, name }: InjectedWorkload): string {
  const kind = name.slice(0, name.indexOf('/'));
  if (kind === 'job') return `${name} in ${namespace}: it ends by itself`;
  if (!RESTARTABLE.has(kind)) return `${name} in ${namespace}: make its pods anew`;
  return `kubectl rollout restart ${name} -n ${namespace}`;
}

const RESTARTABLE = new Set(['deployment', 'statefulset', 'daemonset']);
