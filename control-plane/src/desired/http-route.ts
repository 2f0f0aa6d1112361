/**
 * An HTTPRoute as one Service sees it.
 *
 * Of a parentRef, `port` and `sectionName` choose among the Service's ports and must both hold; one
 * parentRef without either is all ports, whatever the others choose.
 *
 * Pure. Called by `attachment.ts`, `http-conditions.ts` and `status.ts`.
 */
import type { ParentRef } from '@remora/api/config/http-route.ts';
import type { HttpRoute, Service, ServicePort } from '@remora/api/config/objects.ts';
import { parentKey, serviceKey } from '../world.ts';
import { readRules } from './http-rules.ts';
import { tcpPorts } from './references.ts';
import type { Route } from './route.ts';

export function httpRoute(route: HttpRoute, service: Service): Route {
  const target = serviceKey(service.metadata.namespace, service.metadata.name);
  const seen = httpRouteOf(route, target);
  const refs = route.spec.parentRefs.filter((ref) => parentKey(route, ref) === target);
  // With nothing to match it is attached to nothing: else it would answer 404 to everybody.
  const isEmpty = seen.rules.every(({ isDropped }) => isDropped === true);
  const ports = isEmpty ? [] : refs.flatMap((ref) => portsOf(ref, service));
  return { ...seen, ports: ports.map(({ port }) => port) };
}

/** The same where there need not be a Service, as on all ports of it. */
export function httpRouteOf(route: HttpRoute, target: string): Route {
  const { kind, metadata } = route;
  return { kind, metadata, target, ports: null, rules: readRules(route).rules };
}

export function portsOf({ port, sectionName = '' }: ParentRef, service: Service): ServicePort[] {
  return tcpPorts(service).filter((each) => {
    const isNamed = sectionName === '' || each.name === sectionName;
    return isNamed && (port === undefined || each.port === port);
  });
}
