/**
 * Which workload a pod is of: the name that people gave, not the one that a controller made up.
 *
 * A ReplicaSet's pods are its Deployment's: its name ends in the hash that the pod carries as a
 * label. A CronJob's Jobs end in the minute of their run; without cutting it, every run would be a
 * workload of its own. A bare pod is its own.
 *
 * Pure. Called by `world.ts`, `identity.ts` and injection.
 */
interface OwnedPod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly ownerReferences?:
      | readonly {
          readonly kind: string;
          readonly name: string;
          readonly controller?: boolean | undefined;
        }[]
      | undefined;
  };
}

const HASH_LABEL = 'pod-template-hash';
/** Minutes since 1970. */
const RUN = /-\d{8,10}$/;

export function podWorkload({ metadata }: OwnedPod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  // A static pod is owned by its node, which is no workload.
  if (owner === undefined || owner.kind === 'Node') return metadata.name;
  if (owner.kind === 'Job') return owner.name.replace(RUN, '');
  const suffix = `-${metadata.labels?.[HASH_LABEL] ?? ''}`;
  const isHashed = owner.kind === 'ReplicaSet' && suffix !== '-' && owner.name.endsWith(suffix);
  return isHashed ? owner.name.slice(0, -suffix.length) : owner.name;
}
