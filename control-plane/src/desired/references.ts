/**
 * What a reference to a Service port leads to, and why it leads nowhere.
 *
 * An invalid reference costs exactly its share of the traffic (the Gateway API's rule), so a
 * reference always resolves to something that can be configured: a key, or a reason.
 *
 * Pure. Called by `rule-config.ts` and `conditions.ts`.
 */
import type { Service, ServicePort, TrafficRoute } from '@remora/api/config/objects.ts';
import { formatKey } from '@remora/api/destination.ts';
import { serviceKey, targetKey, type Facts } from '../world.ts';

export type Reference =
  | { readonly key: string; readonly invalid: null }
  | { readonly key: null; readonly invalid: string };

export interface ServiceReference {
  readonly service: string;
  readonly namespace?: string | undefined;
  readonly port?: number | undefined;
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

/** None of an ExternalName: that is an alias of something outside, which nothing here serves. */
export function tcpPort({ spec }: Service, number: number): ServicePort | undefined {
  if (spec.type === 'ExternalName') return undefined;
  return spec.ports.find((each) => each.port === number && isTcp(each));
}

export function isTcp({ protocol }: { readonly protocol?: string | undefined }): boolean {
  return protocol === undefined || protocol === 'TCP';
}

/** A reference of a route whose target is at `targetPort`, which is the default port. */
export function resolve(
  world: Facts,
  route: TrafficRoute,
  reference: ServiceReference,
  targetPort: number,
): Reference {
  const namespace = reference.namespace ?? route.metadata.namespace;
  const service = world.services.get(serviceKey(namespace, reference.service));
  const name = `Service ${namespace}/${reference.service}`;
  if (service === undefined) return { key: null, invalid: `${name} does not exist` };
  const port = reference.port ?? targetPort;
  if (tcpPort(service, port) !== undefined) {
    return { key: formatKey(reference.service, namespace, port), invalid: null };
  }
  if (service.spec.type === 'ExternalName') {
    return { key: null, invalid: `${name} is an ExternalName, which leads out of the cluster` };
  }
  const has = service.spec.ports.map((each) => each.port).join(', ');
  return { key: null, invalid: `${name} has no port ${port}: it has ${has}` };
}

/** Every reference of a route that leads nowhere, each once, with its place. */
export function unresolvedReferences(world: Facts, route: TrafficRoute): readonly string[] {
  const target = world.services.get(targetKey(route));
  if (target === undefined) return [];
  const { port } = route.spec.targetRef;
  const reasons = new Set<string>();
  for (const each of target.spec.ports) {
    if (port !== undefined && each.port !== port) continue;
    for (const [index, rule] of route.spec.rules.entries()) {
      for (const reference of [...(rule.backends ?? []), ...(rule.mirror ?? [])]) {
        const { invalid } = resolve(world, route, reference, each.port);
        if (invalid !== null) reasons.add(`rules[${index}]: ${invalid}`);
      }
      if (rule.fallback === undefined) continue;
      const { invalid } = resolve(world, route, rule.fallback, each.port);
      if (invalid !== null) reasons.add(`rules[${index}].fallback: ${invalid}`);
    }
  }
  return [...reasons];
}
