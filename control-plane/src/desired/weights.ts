/**
 * The weights of a route as `kubectl get tr` shows them: what is wanted, and what requests did.
 *
 * Of the first rule that splits, since a column has room for one; of a route for several ports, the
 * first port's. Shares are of all requests that ended at one of the rule's backends.
 *
 * Pure. Called by `apply/wanted-statuses.ts`.
 */
import { formatKey } from '@remora/api/destination.ts';
import type { TrafficRoute } from '@remora/api/config/objects.ts';
import type { World } from '../world.ts';
import { resolve } from './references.ts';
import { type Route, type Rule, trafficRoute } from './route.ts';
import { ruleId } from './rule-config.ts';

/** Requests by backend that a rule has had lately; empty: none. */
export type Realised = (destination: string, rule: string) => ReadonlyMap<string, number>;

export interface Weights {
  /** `catalog-v1 90%, catalog-v2 10%`. */
  readonly wanted: string;
  /** `89.7%, 10.3%` in the same order; `-` while there are no requests. */
  readonly realised: string;
}

/** Null: no rule of it splits. */
export function weightsOf(world: World, object: TrafficRoute, realised: Realised): Weights | null {
  const route = trafficRoute(object);
  const index = route.rules.findIndex(({ backends = [] }) => backends.length > 1);
  const rule = route.rules[index];
  const [name, port] = targetOf(world, route);
  if (rule === undefined || name === null) return null;
  const parts = partsOf(world, route, rule, port);
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const counts = realised(name, ruleId(route, index));
  const requests = parts.reduce((sum, { key }) => sum + (counts.get(key) ?? 0), 0);
  return {
    wanted: parts.map(({ label, weight }) => `${label} ${share(weight, total)}`).join(', '),
    realised:
      requests === 0
        ? '-'
        : parts.map(({ key }) => share(counts.get(key) ?? 0, requests)).join(', '),
  };
}

function partsOf(world: World, route: Route, { backends = [] }: Rule, port: number) {
  return backends.map((backend) => {
    const { key } = resolve(world, route, backend, port);
    return { label: backend.service, weight: backend.weight ?? 1, key: key ?? '' };
  });
}

function targetOf(world: World, route: Route): [destination: string | null, port: number] {
  const service = world.services.get(route.target);
  const port = route.ports?.[0] ?? service?.spec.ports[0]?.port;
  if (service === undefined || port === undefined) return [null, 0];
  return [formatKey(service.metadata.name, service.metadata.namespace, port), port];
}

/** One place after the point, and none where it is zero. */
function share(part: number, whole: number): string {
  if (whole === 0) return '0%';
  return `${((100 * part) / whole).toFixed(1).replace(/\.0$/, '')}%`;
}
