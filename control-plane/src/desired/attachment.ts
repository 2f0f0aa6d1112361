/**
 * Which routes and policies act on a Service port for the clients of a namespace.
 *
 * A producer's (in the Service's namespace) act for everybody; a consumer's (in another) act for
 * the clients of its own namespace only, and there instead of the producer's. One that names a port
 * acts on that port alone. TrafficRoutes and HTTPRoutes are one set: what is a consumer's of either
 * kind stands instead of what is a producer's of both.
 *
 * Pure. Called by `proxy-config.ts`, `policy.ts` and `inbound-config.ts`.
 */
import type { ResiliencePolicy, Service } from '@remora/api/config/objects.ts';
import { compareText } from '../compare-text.ts';
import { type Facts, serviceKey } from '../world.ts';
import { httpRoute } from './http-route.ts';
import { actsOn, type Route, trafficRoute } from './route.ts';

type Attached = Pick<Route, 'metadata'>;

export function routesFor(
  world: Facts,
  service: Service,
  port: number,
  forNamespace: string,
): readonly Route[] {
  const here = attachedRoutes(world, service).filter((route) => actsOn(route, port));
  return acting(here, service, forNamespace);
}

/** The order is from the most general to the most specific; a later one overrides. */
export function policiesFor(
  world: Facts,
  service: Service,
  port: number,
  forNamespace: string,
): readonly ResiliencePolicy[] {
  const here = attachedPolicies(world, service).filter(
    ({ spec }) => spec.targetRef.port === undefined || spec.targetRef.port === port,
  );
  return acting(here, service, forNamespace).toSorted(generalFirst);
}

/** What the Service's own namespace says, of whatever port: for those who serve. In that order. */
export function ownPolicies(world: Facts, service: Service): readonly ResiliencePolicy[] {
  return own(attachedPolicies(world, service), service).toSorted(generalFirst);
}

export function ownRoutes(world: Facts, service: Service): readonly Route[] {
  return own(attachedRoutes(world, service), service);
}

/** The older object wins between equals; one without a time is as young as can be. */
export function createdAtMs({ metadata }: Attached): number {
  const atMs = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(atMs) ? Number.MAX_SAFE_INTEGER : atMs;
}

function generalFirst(a: ResiliencePolicy, b: ResiliencePolicy): number {
  return (
    Number(a.spec.targetRef.port !== undefined) - Number(b.spec.targetRef.port !== undefined) ||
    createdAtMs(b) - createdAtMs(a) ||
    compareText(b.metadata.name, a.metadata.name)
  );
}

function attachedRoutes(world: Facts, service: Service): readonly Route[] {
  const key = keyOf(service);
  const ours = (world.routesOf.get(key) ?? []).map(trafficRoute);
  const others = (world.httpRoutesOf.get(key) ?? []).map((route) => httpRoute(route, service));
  return [...ours, ...others];
}

function attachedPolicies(world: Facts, service: Service): readonly ResiliencePolicy[] {
  return world.policiesOf.get(keyOf(service)) ?? [];
}

function keyOf({ metadata }: Service): string {
  return serviceKey(metadata.namespace, metadata.name);
}

function own<T extends Attached>(attached: readonly T[], { metadata }: Service): readonly T[] {
  return attached.filter((each) => each.metadata.namespace === metadata.namespace);
}

function acting<T extends Attached>(
  here: readonly T[],
  service: Service,
  forNamespace: string,
): readonly T[] {
  const consumers = here.filter(({ metadata }) => metadata.namespace === forNamespace);
  return consumers.length > 0 ? consumers : own(here, service);
}
