/**
 * The workload that a pod belongs to: the name that `source` matches and series speak of.
 *
 * A pod names only the owner that made it, which is often a ReplicaSet or a Job that another object
 * made; asking for those would mean watching them. Their names tell: a Deployment's ReplicaSet ends
 * in the hash that the pod carries as a label, a CronJob's Job in the minute it was due. A Job that
 * somebody named after a date, `report-20261126`, is not taken for one: no such minute has been.
 *
 * Admission sees a pod before it has a name, the world afterwards: both must get the same answer.
 * Pure. Called by `injection-patch.ts` and by who reads pods.
 */

/** Of a pod's metadata, what is looked at. */
export interface PodNames {
  readonly name?: string | null | undefined;
  readonly generateName?: string | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly ownerReferences?: readonly PodOwner[] | null | undefined;
}

export interface PodOwner {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean | null | undefined;
}

/** Who makes ReplicaSets, by the label with the hash that each ends a ReplicaSet's name in. */
const MAKERS = { 'pod-template-hash': 'Deployment', 'rollouts-pod-template-hash': 'Rollout' };
/** Minutes since 1970: from 2019 until 2160. */
const DUE_MINUTE = /^(?<cronJob>.+)-(?<minute>[0-9]{8})$/;
const DUE_MINUTE_MIN = 26_000_000;

/** Empty: the pod has neither an owner nor a name. */
export function podWorkload(pod: PodNames): string {
  const owner = pod.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind === 'ReplicaSet') return replicaSetMaker(owner.name, pod.labels ?? {}).name;
  if (owner?.kind === 'Job') return jobOwner(owner.name);
  // A Node owns the mirrors of its static pods, and is no workload.
  if (owner !== undefined && owner.kind !== 'Node') return owner.name;
  return pod.generateName?.replace(/-+$/, '') || (pod.name ?? '');
}

/** Whose ReplicaSet of this name made a pod of these labels. */
export function replicaSetMaker(
  name: string,
  labels: Readonly<Record<string, string>>,
): { readonly kind: string; readonly name: string } {
  for (const [label, kind] of Object.entries(MAKERS)) {
    const suffix = `-${labels[label]}`;
    if (name.endsWith(suffix) && name !== suffix) {
      return { kind, name: name.slice(0, -suffix.length) };
    }
  }
  return { kind: 'ReplicaSet', name }; // Nobody's but its own.
}

/** The CronJob of a Job's name, or the Job itself. */
function jobOwner(name: string): string {
  const { cronJob, minute } = DUE_MINUTE.exec(name)?.groups ?? {};
  return cronJob === undefined || Number(minute) < DUE_MINUTE_MIN ? name : cronJob;
}
