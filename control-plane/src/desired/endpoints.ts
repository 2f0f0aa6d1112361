/**
 * Where a Service's port is served: the ready instances that its selector matches on this machine,
 * and the ready endpoints of its EndpointSlices.
 *
 * Sorted, so that the same endpoints are the same configuration in whatever order they came.
 *
 * Pure. Called by `proxy-config.ts`.
 */
import type { Service, ServicePort } from '@remora/api/config/objects.ts';
import type { EndpointConfig } from '@remora/api/wire.ts';
import { compareText } from '../compare-text.ts';
import { serviceKey, type Facts } from '../world.ts';
import { selectedInstances } from './selection.ts';

export function endpointsOf(world: Facts, service: Service, port: ServicePort): EndpointConfig[] {
  const endpoints = new Map<string, EndpointConfig>();
  for (const endpoint of [...localEndpoints(world, service), ...slices(world, service, port)]) {
    endpoints.set(`${endpoint.address} ${endpoint.port}`, endpoint);
  }
  return [...endpoints.values()].sort(
    (a, b) =>
      compareText(a.instance, b.instance) || compareText(a.address, b.address) || a.port - b.port,
  );
}

function localEndpoints(world: Facts, service: Service): EndpointConfig[] {
  return selectedInstances(world, service)
    .filter(({ ready }) => ready)
    .map(({ name, address, inboundPort }) => {
      return { address, port: inboundPort, weight: 1, instance: name, inMesh: true };
    });
}

function slices(world: Facts, service: Service, port: ServicePort): EndpointConfig[] {
  const { namespace, name } = service.metadata;
  const found: EndpointConfig[] = [];
  for (const slice of world.slicesOf.get(serviceKey(namespace, name)) ?? []) {
    // A slice's port carries the name of the Service's port; a single port has no name in either.
    const served = slice.ports?.find((each) => (each.name ?? '') === (port.name ?? ''));
    if (served?.port === undefined) continue;
    for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
      const [address] = addresses;
      // Not said is ready, by the API's own rule.
      if (address === undefined || conditions?.ready === false) continue;
      const instance = targetRef?.name ?? address;
      // Which of them have a sidecar is not known here.
      found.push({ address, port: served.port, weight: 1, instance, inMesh: false });
    }
  }
  return found;
}
