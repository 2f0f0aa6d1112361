/**
 * The control plane's account of itself: what is wanted, who applied it, what is wrong.
 *
 * Pure. Served as `/v1/status` and read by the live view.
 */
import type { HttpRoute } from '@remora/api/config/objects.ts';
import { compareText } from './compare-text.ts';
import { type AppliedCount, type Condition, routeConditions } from './desired/conditions.ts';
import { httpRouteConditions } from './desired/http-conditions.ts';
import { httpRouteOf } from './desired/http-route.ts';
import { type Route, trafficRoute } from './desired/route.ts';
import type { Problem } from './files/problem.ts';
import type { ObjectIdentity, World } from './world.ts';

export interface RouteStatus {
  readonly kind: Route['kind'];
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** `namespace/name` of the Service. */
  readonly target: string;
  readonly rules: Route['rules'];
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

/** An HTTPRoute of several Services is here for each of them. */
export function routeStatuses(
  world: World,
  appliedBy: (route: ObjectIdentity) => AppliedCount,
): readonly RouteStatus[] {
  const statuses: RouteStatus[] = [];
  for (const [, routes] of inOrder(world.routesOf)) {
    for (const route of routes) {
      const applied = appliedBy(route);
      const conditions = routeConditions(world, route, applied);
      statuses.push(statusOf(trafficRoute(route), conditions, applied));
    }
  }
  for (const [target, routes] of inOrder(world.httpRoutesOf)) {
    for (const route of routes) statuses.push(httpStatus(world, route, target, appliedBy(route)));
  }
  return statuses;
}

function httpStatus(
  world: World,
  route: HttpRoute,
  target: string,
  applied: AppliedCount,
): RouteStatus {
  const conditions = httpRouteConditions(world, route, target, applied);
  return statusOf(httpRouteOf(route, target), conditions, applied);
}

function statusOf(
  { kind, metadata, target, rules }: Route,
  conditions: readonly Condition[],
  applied: AppliedCount,
): RouteStatus {
  const { namespace, name, generation = 1 } = metadata;
  return { kind, namespace, name, generation, target, rules, conditions, applied };
}

function inOrder<T>(byTarget: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...byTarget].sort(([a], [b]) => compareText(a, b));
}
