/**
 * What of Remora a cluster has, found by its label and not by what this version would install:
 * another version may have had other objects, and nothing of it may stay behind.
 *
 * Asks the API server. Called by the verbs that install, check and uninstall.
 */
import { CONTROL_NAMESPACE } from '@remora/api/mesh-names.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import {
  apiVersionOf,
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  deployments,
  leases,
  mutatingWebhookConfigurations,
  namespaces,
  networkPolicies,
  podDisruptionBudgets,
  podMonitors,
  type Resource,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
  services,
  validatingWebhookConfigurations,
} from '../kube/resource.ts';
import { CONTROL, INSTALLED_BY, selectorText } from './names.ts';

/**
 * Every kind that an installation has, in the order in which they go: first whoever would hold up
 * others' pods, last what the rest stands in.
 */
export const INSTALLED_KINDS: readonly Resource[] = [
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  podMonitors,
  networkPolicies,
  podDisruptionBudgets,
  deployments,
  services,
  leases,
  secrets,
  roleBindings,
  roles,
  clusterRoleBindings,
  clusterRoles,
  serviceAccounts,
  customResourceDefinitions,
  namespaces,
];

const SELECTED = selectorText(INSTALLED_BY);

export interface Installed {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** In the order of `INSTALLED_KINDS`. */
export async function readInstalled(client: KubeClient): Promise<readonly Installed[]> {
  const found = await Promise.all(
    INSTALLED_KINDS.map(async (resource) => {
      const objects = await listLabelled(client, resource);
      return objects.map((object) => ({ resource, object }));
    }),
  );
  return found.flat();
}

/** How people name an object: `clusterrole/remora-control`. */
export function wordOf({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

export function resourceOf({
  apiVersion,
  kind,
}: Pick<KubeObject, 'apiVersion' | 'kind'>): Resource {
  const found = INSTALLED_KINDS.find((resource) => {
    return resource.kind === kind && apiVersionOf(resource) === apiVersion;
  });
  if (found === undefined) throw new Error(`${apiVersion} ${kind} is no kind of an installation`);
  return found;
}

/** By which two readings of the same object are one. */
export function keyOf({ resource, object }: Installed): string {
  const { namespace = '', name } = object.metadata;
  return `${resource.plural}.${resource.group}/${namespace}/${name}`;
}

/** Helm's release, where it is Helm's; another hand there would break its next upgrade. */
export function helmReleaseOf(installed: readonly Installed[]): string | null {
  for (const { object } of installed) {
    const { labels = {}, annotations = {} } = object.metadata;
    if (labels['app.kubernetes.io/managed-by'] !== 'Helm') continue;
    const name = annotations['meta.helm.sh/release-name'] ?? 'remora';
    return `${name} -n ${annotations['meta.helm.sh/release-namespace'] ?? 'remora-system'}`;
  }
  return null;
}

export interface ControlPlane {
  readonly namespace: string;
  readonly version: string;
}

/** Null: there is none. It is enough to read one Deployment: who looks need not install. */
export async function findControlPlane(client: KubeClient): Promise<ControlPlane | null> {
  const found = await labelledDeployments(client);
  const [first] = found.filter(({ metadata }) => metadata.name === CONTROL);
  if (first === undefined) return null;
  const version = first.metadata.labels?.['app.kubernetes.io/version'] ?? 'unknown';
  return { namespace: first.metadata.namespace ?? CONTROL_NAMESPACE, version };
}

async function labelledDeployments(client: KubeClient): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(deployments, { labelSelector: SELECTED })).items;
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 403) throw error;
    // Not everywhere: then where it usually is.
    const ref = { namespace: CONTROL_NAMESPACE, name: CONTROL };
    const deployment = await client.get<KubeObject>(deployments, ref);
    return deployment === null ? [] : [deployment];
  }
}

/** Where the control plane is; null: there is none. */
export function namespaceOf(installed: readonly Installed[]): string | null {
  const found = installed.find(({ resource }) => resource === deployments);
  return found?.object.metadata.namespace ?? null;
}

/** The kind of the Prometheus operator may be missing. */
async function listLabelled(client: KubeClient, resource: Resource): Promise<KubeObject[]> {
  try {
    return (await client.list(resource, { labelSelector: SELECTED })).items;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return [];
    throw error;
  }
}
