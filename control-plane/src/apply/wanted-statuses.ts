/**
 * The status that every object of ours should have, from the world and from who applied what.
 *
 * While another replica is silent nobody can say that all proxies have applied a change, and
 * `kubectl wait --for=condition=Applied` must not return: the condition is Unknown until it speaks.
 *
 * Pure. Called by `status-keeper.ts`, on the leader alone.
 */
import { type AppliedCount, type Condition, routeConditions } from '../desired/conditions.ts';
import { meshConditions, policyConditions } from '../desired/policy-conditions.ts';
import { httpRouteParents } from '../desired/http-route-status.ts';
import { type Realised, weightsOf } from '../desired/weights.ts';
import { sourceOf } from '../publish/acks.ts';
import { meshOf, type ObjectIdentity, type World } from '../world.ts';
import type { StatusBody, WantedStatus } from './status-writer.ts';

export interface Reckoning {
  readonly appliedBy: (object: ObjectIdentity) => AppliedCount;
  /** Replicas whose proxies are not counted now. */
  readonly silent: number;
  readonly realised: Realised;
}

export function wantedStatuses(world: World, reckoning: Reckoning): readonly WantedStatus[] {
  const wanted: WantedStatus[] = [];
  for (const route of [...world.routesOf.values()].flat()) {
    const count = reckoning.appliedBy(route);
    const weights = weightsOf(world, route, reckoning.realised);
    const conditions = judged(routeConditions(world, route, count), reckoning);
    const status = { conditions, ...counted(count), weights };
    wanted.push(of(route, status));
  }
  for (const policy of [...world.policiesOf.values()].flat()) {
    const count = reckoning.appliedBy(policy);
    const conditions = judged(policyConditions(world, policy, count), reckoning);
    wanted.push(of(policy, { conditions, ...counted(count) }));
  }
  // Of those without a Service among their parents, too: one of them may have had one.
  for (const route of world.objects.values()) {
    if (route.kind !== 'HTTPRoute') continue;
    // Of other controllers' entries and of times the writer takes care, when it reads what stands.
    const parents = httpRouteParents(world, route, { existing: [], now: '' }) ?? [];
    wanted.push(of(route, { conditions: [], parents }));
  }
  const mesh = meshOf(world);
  if (mesh !== null) wanted.push(of(mesh, { conditions: meshConditions(mesh) }));
  return wanted;
}

function of(object: ObjectIdentity, status: StatusBody): WantedStatus {
  return { ...sourceOf(object), status };
}

/** Once more as a text: a column of `kubectl get` can join nothing. */
function counted({ applied, interested }: AppliedCount) {
  return { applied, interested, proxies: `${applied}/${interested}` };
}

function judged(conditions: readonly Condition[], { silent }: Reckoning): readonly Condition[] {
  if (silent === 0) return conditions;
  const which = silent === 1 ? 'a replica' : `${silent} replicas`;
  return conditions.map((condition) => {
    if (condition.type !== 'Applied' || condition.status === 'False') return condition;
    const message = `${condition.message}; ${which} of the control plane cannot be asked`;
    return { ...condition, status: 'Unknown', reason: 'ReplicaSilent', message };
  });
}
