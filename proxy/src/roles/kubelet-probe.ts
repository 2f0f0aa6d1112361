/**
 * Whether kubelet itself sent a request, by what it calls itself: `kube-probe/MAJOR.MINOR` of every
 * HTTP probe (Kubernetes, `pkg/probe/http`). The path alone does not say so: a probe may ask for a
 * page that users ask for too.
 *
 * Pure. Asked of requests to the path of a probe only.
 */
import { type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { ascii, beginsWith } from '../http1/octets.ts';

const USER_AGENT = ascii('user-agent');
const KUBELET = ascii('kube-probe/');

export function isFromKubelet(head: Head): boolean {
  const field = head.find(USER_AGENT);
  if (field === -1) return false;
  const at = field * 4;
  const start = head.spans[at + VALUE_START]!;
  return beginsWith(head.slab, start, head.spans[at + VALUE_END]!, KUBELET);
}
