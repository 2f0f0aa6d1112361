/**
 * Where an object of Kubernetes describes pods: itself, its template, or the objects of a List.
 *
 * A workload is known by the object that a person wrote, which is what `pod-workload.ts` finds from
 * the other end, when the pod is there.
 *
 * Pure. Called by `manifests.ts`.
 */

export interface PodPlace {
  readonly path: readonly (string | number)[];
  readonly pod: unknown;
  /** `Deployment shop/cart`: the word in messages. */
  readonly object: string;
  /** Null: the pod itself tells. */
  readonly workload: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Where the template stands. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  Pod: [],
};
const GROUPS = ['v1', 'apps/v1', 'batch/v1'];

export function podPlaces(object: unknown): readonly PodPlace[] {
  const { apiVersion, kind, items } = fieldsOf(object);
  if (!GROUPS.includes(String(apiVersion))) return [];
  if (kind === 'List' && Array.isArray(items)) {
    return items.flatMap((item, at) =>
      // A List in a List is nothing that kubectl takes.
      fieldsOf(item)['kind'] === 'List'
        ? []
        : podPlaces(item).map((place) => ({ ...place, path: ['items', at, ...place.path] })),
    );
  }
  const path = Object.hasOwn(TEMPLATES, String(kind)) ? TEMPLATES[String(kind)] : undefined;
  if (path === undefined) return [];
  const { name, generateName, namespace } = fieldsOf(fieldsOf(object)['metadata']);
  const called = String(name ?? generateName ?? '').replace(/-+$/, '');
  const pod = path.reduce<unknown>((at, step) => fieldsOf(at)[step], object);
  const full = namespace === undefined ? called : `${namespace}/${called}`;
  const workload = path.length === 0 ? null : called;
  return [{ path, pod, object: `${kind} ${full}`, workload }];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
