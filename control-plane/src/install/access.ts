/**
 * What the control plane may do: read what routing needs, write its own statuses and events, and
 * of everything else only the objects that are its own, by name.
 *
 * The rules are the list of `kube/resource.ts` with the verbs that are used; a test reads the API
 * server's audit of a run against them. It can read no Secret but the one of its authority.
 *
 * Pure. Called by `manifests.ts`.
 */
import { AUTHORITY_SECRET, WEBHOOKS } from '@remora/api/mesh-names.ts';
import { CONTROL, type Manifest, metadataOf, namespaced } from './names.ts';
import type { Release } from './values.ts';

const READ = ['get', 'list', 'watch'];
const RBAC = 'rbac.authorization.k8s.io';

const CLUSTER_RULES = [
  { apiGroups: [''], resources: ['namespaces', 'pods', 'services'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  {
    apiGroups: ['remora.dev'],
    resources: ['trafficroutes', 'resiliencepolicies', 'meshconfigs'],
    verbs: READ,
  },
  {
    apiGroups: ['remora.dev'],
    resources: ['trafficroutes/status', 'resiliencepolicies/status', 'meshconfigs/status'],
    verbs: ['patch'],
  },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['httproutes', 'referencegrants'],
    verbs: READ,
  },
  {
    apiGroups: ['gateway.networking.k8s.io'],
    resources: ['httproutes/status'],
    verbs: ['patch', 'update'],
  },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    resourceNames: [WEBHOOKS],
    verbs: ['get', 'patch'],
  },
];

const OWN_RULES = [
  {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [AUTHORITY_SECRET],
    verbs: ['get', 'update'],
  },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [CONTROL],
    verbs: ['get', 'update'],
  },
];

export function access(release: Release): readonly Manifest[] {
  const subjects = [{ kind: 'ServiceAccount', name: CONTROL, namespace: release.namespace }];
  const apiVersion = `${RBAC}/v1`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: namespaced(CONTROL, release) },
    {
      ...{ apiVersion, kind: 'ClusterRole', metadata: metadataOf(CONTROL, release) },
      rules: CLUSTER_RULES,
    },
    {
      ...{ apiVersion, kind: 'ClusterRoleBinding', metadata: metadataOf(CONTROL, release) },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: CONTROL },
      subjects,
    },
    {
      ...{ apiVersion, kind: 'Role', metadata: namespaced(CONTROL, release) },
      rules: OWN_RULES,
    },
    {
      ...{ apiVersion, kind: 'RoleBinding', metadata: namespaced(CONTROL, release) },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: CONTROL },
      subjects,
    },
    // Filled by the control plane. Here so that they go when the release does, and so that it
    // needs no right to create any other.
    {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: namespaced(AUTHORITY_SECRET, release) },
      type: 'Opaque',
    },
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: namespaced(CONTROL, release),
      spec: {},
    },
  ];
}
