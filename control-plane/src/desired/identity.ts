/**
 * Who the proxy in a pod is, from the pod: a token names the pod, and nothing else is believed.
 *
 * Pure. Called where proxies show their tokens.
 */
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { type Facts, podKey } from '../world.ts';
import { podWorkload } from './pod-workload.ts';

/** Null: there is no such pod, or it is not known yet. */
export function identityOf(
  world: Pick<Facts, 'pods'>,
  namespace: string,
  name: string,
): ProxyIdentity | null {
  const pod = world.pods.get(podKey(namespace, name));
  return pod === undefined ? null : { name, namespace, workload: podWorkload(pod.metadata) };
}
