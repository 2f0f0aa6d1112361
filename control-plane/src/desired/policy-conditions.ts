/**
 * What the status of a ResiliencePolicy or of the MeshConfig says.
 *
 * Pure: the count comes in. Called by `apply/wanted-statuses.ts`.
 */
import type { MeshConfig, ResiliencePolicy } from '@remora/api/config/objects.ts';
import { targetKey, type World } from '../world.ts';
import { type AppliedCount, application, type Condition, type Finding } from './conditions.ts';

export function policyConditions(
  world: World,
  policy: ResiliencePolicy,
  count: AppliedCount,
): readonly Condition[] {
  const observedGeneration = policy.metadata.generation ?? 1;
  return [
    { type: 'Accepted', ...acceptance(world, policy), observedGeneration },
    { type: 'Applied', ...application(count), observedGeneration },
  ];
}

/** It is in every configuration there is, so nobody is counted. */
export function meshConditions(mesh: MeshConfig): readonly Condition[] {
  const observedGeneration = mesh.metadata.generation ?? 1;
  const message = 'in force for the whole mesh';
  return [{ type: 'Accepted', status: 'True', reason: 'Accepted', message, observedGeneration }];
}

function acceptance(world: World, policy: ResiliencePolicy): Finding {
  const key = targetKey(policy);
  const { port } = policy.spec.targetRef;
  const service = world.services.get(key);
  if (service === undefined) {
    const message = `There is no Service ${key}: create it, or correct spec.targetRef`;
    return { status: 'False', reason: 'TargetNotFound', message };
  }
  if (port !== undefined && !service.spec.ports.some((each) => each.port === port)) {
    const has = service.spec.ports.map((each) => each.port).join(', ');
    const message = `Service ${key} has no port ${port}: it has ${has}`;
    return { status: 'False', reason: 'TargetNotFound', message };
  }
  return { status: 'True', reason: 'Accepted', message: `attached to Service ${key}` };
}
