/**
 * Every object of an installation, in the order in which they are applied.
 *
 * The one source of `remora install` and of the Helm chart, whose templates are made by calling
 * these functions with placeholders (`scripts/chart-templates.ts`). The CRDs are beside them.
 *
 * Pure. Called by `cli/install.ts` and the generator.
 */
import { access } from './access.ts';
import { disruptionBudget, monitors, networkPolicy } from './guards.ts';
import { type Manifest, metadataOf } from './names.ts';
import type { InstallValues, Release } from './values.ts';
import { webhooks } from './webhooks.ts';
import { argumentsOf, imageOf, workload } from './workload.ts';

/**
 * Where the release lives, if that is not there yet. Its pods pass the strictest level of Pod
 * Security; Helm makes its namespaces by itself, and without it.
 */
export function ownNamespace(release: Release): Manifest {
  const { name, labels } = metadataOf(release.namespace, release);
  const level = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { ...labels, ...level } },
  };
}

export function manifests(release: Release, values: InstallValues): readonly Manifest[] {
  const image = imageOf(values, release);
  return [
    ...access(release),
    ...workload(release, values, { image, args: argumentsOf(image, values) }),
    ...(values.podDisruptionBudget.enabled ? [disruptionBudget(release)] : []),
    ...(values.networkPolicy.enabled ? [networkPolicy(release)] : []),
    ...(values.podMonitor.enabled ? monitors(release, values) : []),
    // Last: from then on pods of opted-in namespaces wait for the control plane.
    ...webhooks(release, values),
  ];
}
