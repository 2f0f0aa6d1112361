/**
 * Whether the control plane of an installation works yet, and if not, in one sentence why.
 *
 * Asks the API server. Called by `remora install`, which waits for it, and by `remora check`.
 */
import { WEBHOOKS } from '@remora/api/mesh-names.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import {
  deployments,
  mutatingWebhookConfigurations,
  pods,
  validatingWebhookConfigurations,
} from '../kube/resource.ts';
import { CONTROL, SELECTOR, selectorText } from './names.ts';

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly replicas?: number;
  };
}

interface Configuration extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

interface ContainerState {
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
  readonly lastState?: { readonly terminated?: { readonly exitCode?: number } };
}

export interface ControlPod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { type: string; status: string; message?: string }[];
    readonly containerStatuses?: readonly ContainerState[];
  };
}

/** Null: all replicas are of the newest version, and available. */
export async function whyNotAvailable(
  client: KubeClient,
  namespace: string,
): Promise<string | null> {
  const ref = { namespace, name: CONTROL };
  const deployment = await client.get<Deployment>(deployments, ref);
  if (deployment === null) return `There is no deployment ${CONTROL} in namespace ${namespace}`;
  const { spec, status = {}, metadata } = deployment;
  const wanted = spec.replicas ?? 1;
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const counts = [status.updatedReplicas, status.availableReplicas, status.replicas];
  if (isSeen && counts.every((count) => (count ?? 0) === wanted)) return null;
  const available = `${status.availableReplicas ?? 0} of ${wanted} replicas are available`;
  const troubles = (await controlPods(client, namespace)).flatMap(podTrouble);
  return [available, ...new Set(troubles)].join('; ');
}

export async function controlPods(
  client: KubeClient,
  namespace: string,
): Promise<readonly ControlPod[]> {
  const labelSelector = selectorText(SELECTOR);
  return (await client.list(pods, { namespace, labelSelector })).items as readonly ControlPod[];
}

export function isPodReady({ status, metadata }: ControlPod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return (
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}

/** The webhooks that the API server would not believe, for want of the authority's certificate. */
export async function untrustedWebhooks(client: KubeClient): Promise<readonly string[]> {
  const both = [mutatingWebhookConfigurations, validatingWebhookConfigurations];
  const found = await Promise.all(
    both.map(async (resource) => {
      const object = await client.get<Configuration>(resource, { name: WEBHOOKS });
      if (object === null) return [`${resource.kind} ${WEBHOOKS} (missing)`];
      return (object.webhooks ?? [])
        .filter(({ clientConfig }) => (clientConfig.caBundle ?? '') === '')
        .map(({ name }) => name);
    }),
  );
  return found.flat();
}

/** Why a pod does not come up: what the scheduler, the kubelet or its last end says. */
function podTrouble(pod: ControlPod): string[] {
  const { status, metadata } = pod;
  if (isPodReady(pod) || metadata.deletionTimestamp !== undefined) return [];
  for (const { state, lastState, restartCount = 0 } of status?.containerStatuses ?? []) {
    const { reason, message } = state?.waiting ?? {};
    const code = lastState?.terminated?.exitCode;
    if (restartCount > 0 && code !== undefined) {
      return [`pod ${metadata.name} ended with ${code}: kubectl logs --previous tells why`];
    }
    if (reason !== undefined && reason !== 'ContainerCreating') {
      return [`pod ${metadata.name}: ${reason}${message === undefined ? '' : `, ${message}`}`];
    }
  }
  const unscheduled = status?.conditions?.find(({ type, status: is }) => {
    return type === 'PodScheduled' && is === 'False';
  });
  return unscheduled?.message === undefined ? [] : [`pod ${metadata.name}: ${unscheduled.message}`];
}
