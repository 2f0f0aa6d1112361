/**
 * The kinds that Remora reads or writes, and where each stands in the API server's paths.
 *
 * A table by hand, not discovery: what is written here is what RBAC must grant, and a start costs
 * no requests. Whether an optional kind (the Gateway API's) is installed, `KubeClient` tells.
 *
 * Pure. Used by everything in kube/ and by whoever names a kind to it.
 */

export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export const services = namespaced('', 'v1', 'services', 'Service');
export const pods = namespaced('', 'v1', 'pods', 'Pod');
export const secrets = namespaced('', 'v1', 'secrets', 'Secret');
export const configMaps = namespaced('', 'v1', 'configmaps', 'ConfigMap');
export const namespaces = clusterWide('', 'v1', 'namespaces', 'Namespace');
export const serviceAccounts = namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const endpointSlices = namespaced(
  'discovery.k8s.io',
  'v1',
  'endpointslices',
  'EndpointSlice',
);

export const trafficRoutes = namespaced('remora.dev', 'v1alpha1', 'trafficroutes', 'TrafficRoute');
export const resiliencePolicies = namespaced(
  'remora.dev',
  'v1alpha1',
  'resiliencepolicies',
  'ResiliencePolicy',
);
export const meshConfigs = clusterWide('remora.dev', 'v1alpha1', 'meshconfigs', 'MeshConfig');

export const httpRoutes = namespaced('gateway.networking.k8s.io', 'v1', 'httproutes', 'HTTPRoute');
export const referenceGrants = namespaced(
  'gateway.networking.k8s.io',
  'v1beta1',
  'referencegrants',
  'ReferenceGrant',
);

export const deployments = namespaced('apps', 'v1', 'deployments', 'Deployment');

export const events = namespaced('events.k8s.io', 'v1', 'events', 'Event');
export const leases = namespaced('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const tokenReviews = clusterWide(
  'authentication.k8s.io',
  'v1',
  'tokenreviews',
  'TokenReview',
);
export const customResourceDefinitions = clusterWide(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
);
export const mutatingWebhookConfigurations = clusterWide(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
);
export const validatingWebhookConfigurations = clusterWide(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
);

export const roles = namespaced('rbac.authorization.k8s.io', 'v1', 'roles', 'Role');
export const roleBindings = namespaced(
  'rbac.authorization.k8s.io',
  'v1',
  'rolebindings',
  'RoleBinding',
);
export const clusterRoles = clusterWide(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterroles',
  'ClusterRole',
);
export const clusterRoleBindings = clusterWide(
  'rbac.authorization.k8s.io',
  'v1',
  'clusterrolebindings',
  'ClusterRoleBinding',
);
export const podDisruptionBudgets = namespaced(
  'policy',
  'v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
);
export const networkPolicies = namespaced(
  'networking.k8s.io',
  'v1',
  'networkpolicies',
  'NetworkPolicy',
);
export const podMonitors = namespaced('monitoring.coreos.com', 'v1', 'podmonitors', 'PodMonitor');
export const selfSubjectAccessReviews = clusterWide(
  'authorization.k8s.io',
  'v1',
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
);

export interface Place {
  /** Left out for a namespaced kind: all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/apis/apps/v1/namespaces/shop/deployments/cart/scale`; every part is encoded. */
export function pathOf(resource: Resource, { namespace, name, subresource }: Place): string {
  const home =
    resource.namespaced && namespace !== undefined
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  const part = subresource === undefined ? '' : `/${encodeURIComponent(subresource)}`;
  return `${groupPath(resource)}${home}/${resource.plural}${object}${part}`;
}

/** Where discovery lists the kinds of this group and version. */
export function groupPath({ group, version }: Resource): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

function namespaced(group: string, version: string, plural: string, kind: string): Resource {
  return { group, version, plural, kind, namespaced: true };
}

function clusterWide(group: string, version: string, plural: string, kind: string): Resource {
  return { group, version, plural, kind, namespaced: false };
}
