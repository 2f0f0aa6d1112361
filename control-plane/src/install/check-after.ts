/**
 * Whether an installation works: replicas, leader, trust, admission as it really answers, kinds.
 *
 * The webhooks are asked by dry run, since a configuration that looks right may lead nowhere: the
 * way from the API server to a pod is what networks and firewalls break. Asks the API server and
 * stores nothing. Called by `cli/check-cluster.ts`.
 */
import { INJECT, PROXY_CONTAINER } from '@remora/api/mesh-names.ts';
import * as limits from '../limits.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import { customResourceDefinitions, leases, pods, trafficRoutes } from '../kube/resource.ts';
import { doubtful, type Finding, fine, wrong } from './finding.ts';
import { customKinds } from './kinds.ts';
import { CONTROL } from './names.ts';
import { controlPods, isPodReady, untrustedWebhooks, whyNotAvailable } from './rollout.ts';

/** Beside the Lease's own length: clocks differ. */
const CLOCKS_MS = 10_000;
const REACH =
  'The API server must reach port 15411 of the control plane: look for NetworkPolicies and ' +
  'firewalls between the two, and at `kubectl logs`';

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string };
}

interface DryPod extends KubeObject {
  readonly spec?: { readonly initContainers?: readonly { readonly name: string }[] };
}

export async function checkReplicas(
  client: KubeClient,
  namespace: string,
): Promise<readonly Finding[]> {
  const why = await whyNotAvailable(client, namespace);
  const all = await controlPods(client, namespace);
  const ready = all.filter(isPodReady);
  if (why === null) return [fine(`${ready.length} of ${all.length} control plane pods are ready`)];
  const logs = `kubectl logs -n ${namespace} deploy/${CONTROL}`;
  const next = `kubectl describe pods -n ${namespace}; ${logs}`;
  return [ready.length > 0 ? doubtful(why, next) : wrong(why, next)];
}

export async function checkLeader(
  client: KubeClient,
  namespace: string,
  nowMs: number,
): Promise<readonly Finding[]> {
  const lease = await client.get<Lease>(leases, { namespace, name: CONTROL });
  const { holderIdentity = '', renewTime = '' } = lease?.spec ?? {};
  const ageMs = nowMs - Date.parse(renewTime);
  const isHeld = holderIdentity !== '' && ageMs < limits.leaseMs + CLOCKS_MS;
  if (isHeld) return [fine(`${holderIdentity} leads`)];
  const said = holderIdentity === '' ? 'nobody leads' : `${holderIdentity} leads no more`;
  const next = `Statuses and trust are not written. kubectl logs -n ${namespace} deploy/${CONTROL}`;
  return [wrong(said, next)];
}

export async function checkTrust(client: KubeClient): Promise<readonly Finding[]> {
  const untrusted = await untrustedWebhooks(client);
  if (untrusted.length === 0) return [fine('the API server trusts the webhooks')];
  const next = 'The leader writes its certificate there within 5 s: see whether there is one';
  return [wrong(`the API server does not trust ${untrusted.join(', ')}`, next)];
}

/** A pod that asks for a sidecar gets one, and is not stored. */
export async function checkInjection(client: KubeClient): Promise<readonly Finding[]> {
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      name: 'remora-check',
      namespace: 'default',
      annotations: { [INJECT]: 'enabled' },
    },
    spec: { containers: [{ name: 'app', image: 'remora' }] },
  };
  try {
    const { spec }: DryPod = await client.create<KubeObject>(pods, pod, { dryRun: true });
    const isInjected = spec?.initContainers?.some(({ name }) => name === PROXY_CONTAINER) === true;
    if (isInjected) return [fine('a pod that asks for a sidecar gets one')];
    return [wrong('a pod that asks for a sidecar gets none: no webhook answered', REACH)];
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 403) throw error;
    const next = 'Injected pods need the level privileged where they run, for their init step';
    return [doubtful(`whether pods are injected is not known: ${error.message}`, next)];
  }
}

/** A route that only the webhook knows to be wrong is refused, in its words. */
export async function checkValidation(client: KubeClient): Promise<readonly Finding[]> {
  const route = {
    ...{ apiVersion: 'remora.dev/v1alpha1', kind: 'TrafficRoute' },
    metadata: { name: 'remora-check', namespace: 'default' },
    spec: {
      targetRef: { name: 'remora-check' },
      rules: [{ matches: [{ path: { regex: '(?=x)' } }], backends: [{ service: 'remora-check' }] }],
    },
  };
  try {
    await client.create(trafficRoutes, route, { dryRun: true });
    return [wrong('a mistaken route is accepted: the validating webhook is not asked', REACH)];
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.status === 422) return [fine('a mistaken route is refused')];
    return [wrong(`routes cannot be written: ${error.message}`, REACH)];
  }
}

export async function checkKinds(client: KubeClient): Promise<readonly Finding[]> {
  const differing: string[] = [];
  for (const wanted of customKinds('')) {
    const { name } = wanted.metadata;
    const found = await client.get<KubeObject & { spec?: unknown }>(customResourceDefinitions, {
      name,
    });
    if (found === null || !isWithin(wanted['spec'], found.spec)) differing.push(name);
  }
  if (differing.length === 0) return [fine('the kinds are those of this version')];
  const next = 'Fields that are new may be dropped: `remora install`, or `helm upgrade`';
  return [wrong(`${differing.join(', ')} are of another version, or missing`, next)];
}

/** The API server adds defaults of its own to what it is given, and takes nothing away. */
export function isWithin(wanted: unknown, found: unknown): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return false;
    return wanted.every((each, index) => isWithin(each, found[index]));
  }
  if (typeof wanted !== 'object' || wanted === null) return Object.is(wanted, found);
  if (typeof found !== 'object' || found === null) return false;
  const fields = found as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([name, value]) => {
    return value === undefined || isWithin(value, fields[name]);
  });
}
