/**
 * The weights of a route as `kubectl get tr` shows them: what is wanted, and what requests did.
 *
 * Of a route for several ports the counts are of its first. Shares are of all requests that ended
 * at one of a rule's backends; rules with one backend split nothing and are not counted.
 *
 * Pure. Called by `apply/wanted-statuses.ts`.
 */
import { formatKey } from '@remora/api/destination.ts';
import type { TrafficRoute } from '@remora/api/config/objects.ts';
import type { World } from '../world.ts';
import { resolve } from './references.ts';
import { type Route, trafficRoute } from './route.ts';
import { ruleId } from './rule-config.ts';
import { realisedText, wantedText } from './weights-text.ts';

/** Requests by backend that a rule has had lately; empty: none. */
export type Realised = (destination: string, rule: string) => ReadonlyMap<string, number>;

export interface Weights {
  /** `catalog-v1 90%, catalog-v2 10%`. */
  readonly wanted: string;
  /** `89.7%, 10.3%` in the same order; `-` while there are no requests. */
  readonly realised: string;
}

export function weightsOf(world: World, object: TrafficRoute, realised: Realised): Weights {
  const counts = countsOf(world, trafficRoute(object), realised);
  return { wanted: wantedText(object), realised: realisedText(object, counts) };
}

function countsOf(world: World, route: Route, realised: Realised): readonly number[][] {
  const service = world.services.get(route.target);
  const port = route.ports?.[0] ?? service?.spec.ports[0]?.port;
  if (service === undefined || port === undefined) return [];
  const destination = formatKey(service.metadata.name, service.metadata.namespace, port);
  return route.rules.map(({ backends = [] }, index) => {
    const counts = realised(destination, ruleId(route, index));
    return backends.map((backend) => {
      const { key } = resolve(world, route, backend, port);
      return counts.get(key ?? '') ?? 0;
    });
  });
}
