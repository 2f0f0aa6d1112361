/**
 * What a reference to a Service port leads to, and why it leads nowhere.
 *
 * An invalid reference costs exactly its share of the traffic (the Gateway API's rule), so a
 * reference always resolves to something that can be configured: a key, or a reason.
 *
 * Pure. Called by `rule-config.ts` and `conditions.ts`.
 */
import type { Service, ServicePort } from '@remora/api/config/objects.ts';
import { formatKey } from '@remora/api/destination.ts';
import { type Facts, serviceKey } from '../world.ts';
import { isGranted } from './gateway-grants.ts';
import { isRoutable } from './protocol.ts';
import { actsOn, type Refusal, type ReferenceReason, type Route, type Rule } from './route.ts';

export type Reference =
  | { readonly key: string; readonly invalid: null; readonly reason: null }
  | { readonly key: null; readonly invalid: string; readonly reason: ReferenceReason };

export interface ServiceReference {
  readonly service: string;
  readonly namespace?: string | undefined;
  readonly port?: number | undefined;
  readonly refused?: Refusal;
}

/** The Service and port of a destination key, or null: no such Service port. */
export function findDestination(
  world: Facts,
  key: string,
): { readonly service: Service; readonly port: ServicePort } | null {
  const [, name, namespace, number] = /^([^.:/]+)\.([^.:/]+):([1-9]\d{0,4})$/.exec(key) ?? [];
  if (name === undefined || namespace === undefined) return null;
  const service = world.services.get(serviceKey(namespace, name));
  const port = service === undefined ? undefined : tcpPort(service, Number(number));
  return service === undefined || port === undefined ? null : { service, port };
}

export function tcpPort(service: Service, number: number): ServicePort | undefined {
  return tcpPorts(service).find((each) => each.port === number);
}

/** None of an ExternalName: that is an alias of something outside, which nothing here serves. */
export function tcpPorts({ spec }: Service): readonly ServicePort[] {
  return spec.type === 'ExternalName' ? [] : spec.ports.filter(isTcp);
}

export function isTcp({ protocol }: { readonly protocol?: string | undefined }): boolean {
  return protocol === undefined || protocol === 'TCP';
}

/** A reference of a route whose target is at `targetPort`, which is the default port. */
export function resolve(
  world: Facts,
  route: Route,
  reference: ServiceReference,
  targetPort: number,
): Reference {
  if (reference.refused !== undefined) return refused(reference.refused);
  const namespace = reference.namespace ?? route.metadata.namespace;
  const key = serviceKey(namespace, reference.service);
  const name = `Service ${key}`;
  // Asked first, or a route could find out what there is where it may not look.
  if (!isPermitted(world, route, namespace, reference.service)) {
    const message = `no ReferenceGrant in ${namespace} allows ${name} to be named from here`;
    return refused({ reason: 'RefNotPermitted', message });
  }
  const service = world.services.get(key);
  if (service === undefined) {
    return refused({ reason: 'BackendNotFound', message: `${name} does not exist` });
  }
  if (service.spec.type === 'ExternalName') {
    const message = `${name} is an ExternalName, which leads out of the cluster`;
    return refused({ reason: 'BackendNotFound', message });
  }
  const wanted = reference.port ?? targetPort;
  const port = tcpPort(service, wanted);
  if (port === undefined) {
    const has = service.spec.ports.map((each) => each.port).join(', ') || 'none';
    const message = `${name} has no port ${wanted}: it has ${has}`;
    return refused({ reason: 'BackendNotFound', message });
  }
  if (route.kind === 'HTTPRoute' && !isRoutable(port)) {
    const message = `port ${wanted} of ${name} speaks ${port.appProtocol}, which is not read`;
    return refused({ reason: 'UnsupportedProtocol', message });
  }
  return { key: formatKey(reference.service, namespace, wanted), invalid: null, reason: null };
}

function refused({ reason, message }: Refusal): Reference {
  return { key: null, invalid: message, reason };
}

/** The Service that the route acts on is where its clients were going: that needs no grant. */
function isPermitted(world: Facts, route: Route, toNamespace: string, service: string): boolean {
  const fromNamespace = route.metadata.namespace;
  if (route.kind === 'TrafficRoute' || toNamespace === fromNamespace) return true;
  if (serviceKey(toNamespace, service) === route.target) return true;
  return isGranted(world, { fromNamespace, toNamespace, service });
}

/** Every reference of a route that leads nowhere, each once, with its place. */
export function unresolvedReferences(world: Facts, route: Route): readonly Refusal[] {
  const reasons = new Map<string, Refusal>();
  for (const targetPort of targetPorts(world, route)) {
    for (const [place, reference] of referencesOf(route.rules)) {
      const { invalid, reason } = resolve(world, route, reference, targetPort);
      if (invalid === null) continue;
      const message = `${place}: ${invalid}`;
      reasons.set(message, { reason, message });
    }
  }
  return [...reasons.values()];
}

/** On which a reference without a port depends; an HTTPRoute has none of these. */
function targetPorts(world: Facts, route: Route): readonly number[] {
  if (route.kind === 'HTTPRoute') return [0];
  const ports = world.services.get(route.target)?.spec.ports ?? [];
  return ports.map(({ port }) => port).filter((port) => actsOn(route, port));
}

function* referencesOf(
  rules: readonly Rule[],
): Iterable<readonly [place: string, reference: ServiceReference]> {
  for (const [index, { backends = [], mirror = [], fallback }] of rules.entries()) {
    for (const reference of [...backends, ...mirror]) yield [`rules[${index}]`, reference];
    if (fallback !== undefined) yield [`rules[${index}].fallback`, fallback];
  }
}
