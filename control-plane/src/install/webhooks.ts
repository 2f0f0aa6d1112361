/**
 * The webhook configurations: who is asked about which object, and what happens when nobody
 * answers.
 *
 * A namespace that opted in must not get pods without a sidecar: `Fail`. Elsewhere a pod may opt in
 * by itself, and there nothing of ours may hold up a cluster: `Ignore`, and only pods that speak of
 * us are asked about at all. What slips through is found by the control plane and told as an event.
 * The authority's certificate is filled in by the control plane.
 *
 * Pure. Called by `manifests.ts`.
 */
import { INJECT, WEBHOOKS } from '@remora/api/mesh-names.ts';
import { ports } from '@remora/api/ports.ts';
import { CONTROL, type Manifest, metadataOf } from './names.ts';
import type { InstallValues, Release } from './values.ts';

const ADMISSION = 'admissionregistration.k8s.io/v1';
/** The label of each namespace with its own name. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';
const SAYS_SO = ['annotations', 'labels'].map((field) => {
  return `(has(object.metadata.${field}) && '${INJECT}' in object.metadata.${field})`;
});

export function webhooks(
  release: Release,
  { injection }: Pick<InstallValues, 'injection'>,
): readonly Manifest[] {
  const excluded = [...injection.excludedNamespaces, release.namespace];
  const elsewhere = { key: NAMESPACE_NAME, operator: 'NotIn', values: excluded };
  const pods = { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
  const onPods = {
    ...common(release, '/inject'),
    rules: [{ ...pods, operations: ['CREATE'], scope: 'Namespaced' }],
    // Another webhook may add a container after us, whose probes are ours to see.
    reinvocationPolicy: 'IfNeeded',
    objectSelector: {
      matchExpressions: [{ key: INJECT, operator: 'NotIn', values: ['disabled'] }],
    },
  };
  return [
    {
      apiVersion: ADMISSION,
      kind: 'MutatingWebhookConfiguration',
      metadata: metadataOf(WEBHOOKS, release),
      webhooks: [
        {
          name: 'namespaces.inject.remora.dev',
          ...onPods,
          failurePolicy: 'Fail',
          namespaceSelector: {
            matchLabels: { [INJECT]: 'enabled' },
            matchExpressions: [elsewhere],
          },
        },
        {
          name: 'pods.inject.remora.dev',
          ...onPods,
          failurePolicy: 'Ignore',
          namespaceSelector: {
            matchExpressions: [{ key: INJECT, operator: 'NotIn', values: ['enabled'] }, elsewhere],
          },
          matchConditions: [{ name: 'says-so', expression: SAYS_SO.join(' || ') }],
        },
      ],
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingWebhookConfiguration',
      metadata: metadataOf(WEBHOOKS, release),
      webhooks: [
        {
          name: 'validate.remora.dev',
          ...common(release, '/validate'),
          failurePolicy: 'Fail',
          rules: [
            {
              apiGroups: ['remora.dev'],
              apiVersions: ['v1alpha1'],
              resources: ['trafficroutes', 'resiliencepolicies', 'meshconfigs'],
              operations: ['CREATE', 'UPDATE'],
              scope: '*',
            },
          ],
        },
      ],
    },
  ];
}

function common({ namespace }: Release, path: string) {
  return {
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    timeoutSeconds: 5,
    matchPolicy: 'Equivalent',
    clientConfig: { service: { name: CONTROL, namespace, path, port: ports.webhook } },
  };
}
