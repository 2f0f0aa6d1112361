/**
 * The control plane's account of itself: what is wanted, who applied it, what is wrong.
 *
 * Pure. Served as `/v1/status` and read by the live view.
 */
import type { TrafficRoute } from '@remora/api/config/objects.ts';
import { compareText } from './compare-text.ts';
import { type AppliedCount, type Condition, routeConditions } from './desired/conditions.ts';
import type { Problem } from './files/problem.ts';
import { targetKey, type World } from './world.ts';

export interface RouteStatus {
  readonly kind: 'TrafficRoute';
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** `namespace/name` of the Service. */
  readonly target: string;
  readonly rules: TrafficRoute['spec']['rules'];
  readonly conditions: readonly Condition[];
  readonly applied: AppliedCount;
}

export interface ProxyStatus {
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  /** How many destinations it is subscribed to. */
  readonly uses: number;
}

export interface Status {
  readonly routes: readonly RouteStatus[];
  readonly proxies: readonly ProxyStatus[];
  readonly problems: readonly Problem[];
}

export function routeStatuses(
  world: World,
  appliedBy: (route: TrafficRoute) => AppliedCount,
): readonly RouteStatus[] {
  const statuses: RouteStatus[] = [];
  const byTarget = [...world.routesOf].sort(([a], [b]) => compareText(a, b));
  for (const [, routes] of byTarget) {
    for (const route of routes) {
      const { namespace, name, generation } = route.metadata;
      const applied = appliedBy(route);
      statuses.push({
        kind: 'TrafficRoute',
        namespace,
        name,
        generation: generation ?? 1,
        target: targetKey(route),
        rules: route.spec.rules,
        conditions: routeConditions(world, route, applied),
        applied,
      });
    }
  }
  return statuses;
}
