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
import type { Manifest } from './names.ts';
import type { InstallValues, Release } from './values.ts';
import { webhooks } from './webhooks.ts';
import { argumentsOf, imageOf, workload } from './workload.ts';

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
