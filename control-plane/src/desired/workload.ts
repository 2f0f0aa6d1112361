/**
 * What is known of the instances of a workload: their labels, their named ports, their probes.
 *
 * From a pod where there are any, the youngest, since it is as the newest template has it; else
 * from the Deployment of that name, and else from the local instances, which a folder has.
 *
 * Pure. Called by `inbound-config.ts` and `pod-config.ts`.
 */
import type { Deployment, Pod } from '@remora/api/config/objects.ts';
import { httpPath, namedPorts } from '@remora/api/config/pod.ts';
import { compareText } from '../compare-text.ts';
import { type Facts, objectKey, workloadKey } from '../world.ts';

export interface Workload {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namedPorts: readonly { readonly name: string; readonly port: number }[];
  /** What kubelet asks for, sorted. */
  readonly probePaths: readonly string[];
}

export function workloadNamed(world: Facts, namespace: string, name: string): Workload {
  const [youngest] = [...(world.podsOf.get(workloadKey(namespace, name)) ?? [])].sort(
    youngestFirst,
  );
  if (youngest !== undefined) return workloadOf(youngest);
  const key = objectKey({ kind: 'Deployment', metadata: { namespace, name } });
  const object = world.objects.get(key);
  if (object?.kind === 'Deployment') return workloadOfDeployment(object);
  const [instance] = world.instancesOf.get(workloadKey(namespace, name)) ?? [];
  return { namespace, labels: instance?.labels ?? {}, namedPorts: [], probePaths: [] };
}

export function workloadOf({ metadata, spec }: Pod): Workload {
  const { namedPorts, probePaths } = spec;
  return { namespace: metadata.namespace, labels: metadata.labels ?? {}, namedPorts, probePaths };
}

/** Times of the API server compare as text; two pods of one second by their names. */
export function youngestFirst({ metadata: a }: Pod, { metadata: b }: Pod): number {
  const byAge = compareText(b.creationTimestamp ?? '', a.creationTimestamp ?? '');
  return byAge || compareText(a.name, b.name);
}

function workloadOfDeployment({ metadata, spec: { template } }: Deployment): Workload {
  const { containers } = template.spec;
  return {
    namespace: metadata.namespace,
    labels: template.metadata.labels,
    namedPorts: containers.flatMap(namedPorts),
    probePaths: probePathsOf(containers),
  };
}

function probePathsOf(
  containers: Deployment['spec']['template']['spec']['containers'],
): readonly string[] {
  const paths = new Set<string>();
  for (const { readinessProbe, livenessProbe, startupProbe } of containers) {
    for (const probe of [readinessProbe, livenessProbe, startupProbe]) {
      if (probe?.httpGet !== undefined) paths.add(httpPath(probe.httpGet.path));
    }
  }
  return [...paths].sort(compareText);
}
