/**
 * What the status of a ResiliencePolicy and of the MeshConfig says.
 *
 * A policy refers to its Service and to nothing else, so there are no ResolvedRefs; that a port is
 * opaque is no reason to refuse one, since connecting has a timeout there too. The reason for a
 * missing Service is the Gateway API's for policies (GEP-713), as a route's is that for routes.
 *
 * Pure: the count comes in. Called by the writer of statuses and by the validating webhook.
 */
import type { MeshConfig, ResiliencePolicy } from '@remora/api/config/objects.ts';
import type { World } from '../world.ts';
import {
  type AppliedCount,
  application,
  attachmentOf,
  type Condition,
  type Finding,
} from './conditions.ts';

export function policyConditions(
  world: World,
  policy: ResiliencePolicy,
  count: AppliedCount,
): readonly Condition[] {
  const observedGeneration = policy.metadata.generation ?? 1;
  const attached = attachmentOf(world, policy);
  const accepted: Finding =
    typeof attached === 'string'
      ? { status: 'False', reason: 'TargetNotFound', message: attached }
      : {
          status: 'True',
          reason: 'Accepted',
          message: `attached to Service ${attached.service.metadata.name}`,
        };
  return [
    { type: 'Accepted', ...accepted, observedGeneration },
    { type: 'Applied', ...application(count), observedGeneration },
  ];
}

/** There is one of its name, and nothing that it could refer to. */
export function meshConditions({ metadata }: MeshConfig): readonly Condition[] {
  return [
    {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: 'the defaults of the whole mesh',
      observedGeneration: metadata.generation ?? 1,
    },
  ];
}
