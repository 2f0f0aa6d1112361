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
import { targetKey, type World } from '../world.ts';
import {
  type AppliedCount,
  application,
  type Condition,
  conditionsOf,
  type Finding,
} from './conditions.ts';

export function policyConditions(
  world: World,
  policy: ResiliencePolicy,
  count: AppliedCount,
): readonly Condition[] {
  return conditionsOf(policy, [
    ['Accepted', acceptance(world, policy)],
    ['Applied', application(count)],
  ]);
}

function acceptance(world: World, policy: ResiliencePolicy): Finding {
  const { port } = policy.spec.targetRef;
  const key = targetKey(policy);
  const ports = world.services.get(key)?.spec.ports.map((each) => each.port);
  if (ports === undefined) {
    const message = `There is no Service ${key}: create it, or correct spec.targetRef`;
    return { status: 'False', reason: 'TargetNotFound', message };
  }
  if (port !== undefined && !ports.includes(port)) {
    const message = `Service ${key} has no port ${port}: it has ${ports.join(', ')}`;
    return { status: 'False', reason: 'TargetNotFound', message };
  }
  return { status: 'True', reason: 'Accepted', message: `attached to Service ${key}` };
}

/** There is one of its name, and nothing that it could refer to. */
export function meshConditions(mesh: MeshConfig): readonly Condition[] {
  const message = 'the defaults of the whole mesh';
  return conditionsOf(mesh, [['Accepted', { status: 'True', reason: 'Accepted', message }]]);
}
