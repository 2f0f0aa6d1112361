/**
 * Whether a cluster can have Remora: asked before an installation, and true afterwards too.
 *
 * What can be tried is tried, by dry run: a version says less than a field that is kept. Asks the
 * API server and stores nothing. Called by `cli/check-cluster.ts`.
 */
import { INJECT } from '@remora/api/mesh-names.ts';
import type { KubeClient, ServerVersion } from '../kube/client.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import {
  customResourceDefinitions,
  httpRoutes,
  mutatingWebhookConfigurations,
  pods,
  podMonitors,
  type Resource,
  selfSubjectAccessReviews,
} from '../kube/resource.ts';
import { doubtful, type Finding, fine, wrong } from './finding.ts';
import { INSTALLED_KINDS } from './installed.ts';

/** Of the API server; native sidecars are on from here. */
const MINOR_MIN = 29;
const VERBS = ['create', 'delete', 'list', 'patch'] as const;
/** By a part of the name of its injector's configuration. */
const OTHER_MESHES = { istio: 'Istio', linkerd: 'Linkerd', consul: 'Consul', kuma: 'Kuma' };

interface AccessReview extends KubeObject {
  readonly status?: { readonly allowed?: boolean };
}

interface DryPod extends KubeObject {
  readonly spec?: { readonly initContainers?: readonly { readonly restartPolicy?: string }[] };
}

export function checkVersion({ major, minor, gitVersion }: ServerVersion): Finding {
  const isOld = Number(major) === 1 && Number.parseInt(minor, 10) < MINOR_MIN;
  const said = `Kubernetes ${gitVersion}`;
  if (!isOld) return fine(said);
  return wrong(said, `Remora needs 1.${MINOR_MIN} or newer: native sidecars are on from there`);
}

/** What `remora install` and `uninstall` do, asked of the API server's own authorizer. */
export async function checkRights(client: KubeClient): Promise<readonly Finding[]> {
  const kinds = INSTALLED_KINDS.filter((resource) => resource !== podMonitors);
  const denied = await Promise.all(
    kinds.map(async (resource) => ({ resource, verbs: await deniedVerbs(client, resource) })),
  );
  const lacking = denied.filter(({ verbs }) => verbs.length > 0);
  if (lacking.length === 0) return [fine(`${client.as} may install and uninstall Remora`)];
  const list = lacking.map(({ resource, verbs }) => `${verbs.join(', ')} on ${nameOf(resource)}`);
  return [
    wrong(
      `${client.as} may not install Remora: RBAC lacks ${list.join('; ')}`,
      'Let a cluster administrator install it, or grant these',
    ),
  ];
}

async function deniedVerbs(client: KubeClient, resource: Resource): Promise<readonly string[]> {
  const asked = VERBS.map(async (verb) => {
    const { group, plural } = resource;
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: { name: '' },
      spec: { resourceAttributes: { group, resource: plural, verb } },
    };
    const { status } = await client.create<AccessReview>(selfSubjectAccessReviews, review, {
      isQuestion: true,
    });
    return status?.allowed === true ? [] : [verb];
  });
  return (await Promise.all(asked)).flat();
}

function nameOf({ group, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** An API server that does not know native sidecars drops the field without a word. */
export async function checkSidecars(client: KubeClient): Promise<readonly Finding[]> {
  const container = { image: 'remora', ...LOCKED };
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'remora-check', namespace: 'default', labels: { [INJECT]: 'disabled' } },
    spec: {
      initContainers: [{ name: 'sidecar', ...container, restartPolicy: 'Always' }],
      containers: [{ name: 'app', ...container }],
    },
  };
  const { spec }: DryPod = await client.create<KubeObject>(pods, pod, { dryRun: true });
  const isKept = spec?.initContainers?.[0]?.restartPolicy === 'Always';
  if (isKept) return [fine('native sidecars are on')];
  const next = 'Switch the feature gate SidecarContainers on, in the API server and every kubelet';
  return [wrong('native sidecars are off: the API server drops restartPolicy', next)];
}

/** Passes every level of Pod Security. */
const LOCKED = {
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
} as const;

/** Two sidecars that redirect the same connections are none. */
export async function checkOtherMeshes(client: KubeClient): Promise<readonly Finding[]> {
  const { items } = await client.list(mutatingWebhookConfigurations, {
    pick: ({ metadata }) => metadata.name,
  });
  const found = Object.entries(OTHER_MESHES).filter(([part]) => {
    return items.some((name) => name.includes(part));
  });
  if (found.length === 0) return [fine('no other mesh injects sidecars')];
  const names = found.map(([, name]) => name).join(' and ');
  const next = 'Let no namespace be in both: take its label of the other mesh away first';
  return [doubtful(`${names} injects sidecars here too`, next)];
}

export async function checkGatewayApi(client: KubeClient): Promise<readonly Finding[]> {
  if (await client.resourceExists(httpRoutes)) return [fine('HTTPRoutes are there, and are read')];
  const isKnown = await client.get(customResourceDefinitions, {
    name: 'httproutes.gateway.networking.k8s.io',
  });
  if (isKnown === null) return [fine('no Gateway API: TrafficRoutes work without it')];
  return [doubtful('HTTPRoutes have no version v1: they are not read', 'Update the Gateway API')];
}
