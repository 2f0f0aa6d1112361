/**
 * Which routes and policies act on a Service port for the clients of a namespace.
 *
 * A producer's (in the Service's namespace) act for everybody; a consumer's (in another) act for
 * the clients of its own namespace only, and there instead of the producer's. One that names a port
 * acts on that port alone.
 *
 * Pure. Called by `proxy-config.ts`, `policy.ts` and `inbound-config.ts`.
 */
import type { ResiliencePolicy, Service, TrafficRoute } from '@remora/api/config/objects.ts';
import { compareText } from '../compare-text.ts';
import { type Facts, type Lookup, serviceKey } from '../world.ts';

type Attached = TrafficRoute | ResiliencePolicy;

export function routesFor(
  world: Facts,
  service: Service,
  port: number,
  forNamespace: string,
): readonly TrafficRoute[] {
  return acting(world.routesOf, service, port, forNamespace);
}

/** The order is from the most general to the most specific; a later one overrides. */
export function policiesFor(
  world: Facts,
  service: Service,
  port: number,
  forNamespace: string,
): readonly ResiliencePolicy[] {
  const found = acting(world.policiesOf, service, port, forNamespace);
  return [...found].sort(generalFirst);
}

/** What the Service's own namespace says, of whatever port: for those who serve. In that order. */
export function ownPolicies(world: Facts, service: Service): readonly ResiliencePolicy[] {
  return own(world.policiesOf, service).toSorted(generalFirst);
}

export function ownRoutes(world: Facts, service: Service): readonly TrafficRoute[] {
  return own(world.routesOf, service);
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

function own<T extends Attached>(
  attached: Lookup<readonly T[]>,
  { metadata: { namespace, name } }: Service,
): readonly T[] {
  const here = attached.get(serviceKey(namespace, name)) ?? [];
  return here.filter(({ metadata }) => metadata.namespace === namespace);
}

function acting<T extends Attached>(
  attached: Lookup<readonly T[]>,
  service: Service,
  port: number,
  forNamespace: string,
): readonly T[] {
  const { namespace, name } = service.metadata;
  const here = (attached.get(serviceKey(namespace, name)) ?? []).filter(
    ({ spec }) => spec.targetRef.port === undefined || spec.targetRef.port === port,
  );
  const consumers = here.filter(({ metadata }) => metadata.namespace === forNamespace);
  if (consumers.length > 0) return consumers;
  return here.filter(({ metadata }) => metadata.namespace === namespace);
}
