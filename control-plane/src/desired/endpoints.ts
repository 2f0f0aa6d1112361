/**
 * Where a Service's port is served: the ready instances that its selector matches on this machine,
 * and the endpoints of its EndpointSlices.
 *
 * As kube-proxy chooses: the ready ones, and only where there is none those that are ending and
 * still serve. A pod counts once: of a Service with two families the first one's slices are read.
 * Sorted, so that the same endpoints are the same configuration in whatever order they came.
 *
 * Pure. Called by `proxy-config.ts`.
 */
import type { EndpointSlice, Service, ServicePort } from '@remora/api/config/objects.ts';
import type { EndpointConfig } from '@remora/api/wire.ts';
import { compareText } from '../compare-text.ts';
import { clusterAddresses, type Facts, podKey, serviceKey } from '../world.ts';
import { isTcp } from './references.ts';
import { selectedInstances } from './selection.ts';

type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];

/** One endpoint of a slice, and what is said of it. */
interface Candidate {
  readonly endpoint: EndpointConfig;
  readonly isReady: boolean;
  readonly isLeaving: boolean;
}

export function endpointsOf(world: Facts, service: Service, port: ServicePort): EndpointConfig[] {
  const endpoints = new Map<string, EndpointConfig>();
  for (const endpoint of [...localEndpoints(world, service), ...usable(world, service, port)]) {
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

function usable(world: Facts, service: Service, port: ServicePort): EndpointConfig[] {
  const candidates = slicesOf(world, service).flatMap((slice) => {
    return candidatesOf(world, service, slice, port);
  });
  const ready = candidates.filter(({ isReady }) => isReady);
  const chosen = ready.length > 0 ? ready : candidates.filter(({ isLeaving }) => isLeaving);
  return chosen.map(({ endpoint }) => endpoint);
}

/** Of the Service's first family; of another only where there are no slices of that one. */
export function slicesOf(world: Facts, service: Service): readonly EndpointSlice[] {
  const { namespace, name } = service.metadata;
  const all = world.slicesOf.get(serviceKey(namespace, name)) ?? [];
  const family = familyOf(service);
  const own = all.filter(({ addressType }) => addressType === family);
  // FQDN names nothing that can be dialled without asking DNS.
  return own.length > 0 ? own : all.filter(({ addressType }) => addressType !== 'FQDN');
}

function familyOf(service: Service): string {
  const [address = ''] = clusterAddresses(service);
  return service.spec.ipFamilies?.[0] ?? (address.includes(':') ? 'IPv6' : 'IPv4');
}

function candidatesOf(
  world: Facts,
  { metadata, spec }: Service,
  slice: EndpointSlice,
  port: ServicePort,
): Candidate[] {
  // A slice's port carries the name of the Service's port; a single port has no name in either.
  // It is where these pods listen: another number in another slice, where they name it otherwise.
  const served = slice.ports?.find((each) => {
    return (each.name ?? '') === (port.name ?? '') && isTcp(each);
  });
  const number = served?.port;
  if (number === undefined) return [];
  return (slice.endpoints ?? []).flatMap((each) => {
    const [address] = each.addresses; // The others, by the API's own word, mean nothing.
    if (address === undefined) return [];
    const { ready = true, serving = ready, terminating = false } = each.conditions ?? {};
    const instance = each.targetRef?.name ?? address;
    const inMesh = hasSidecar(world, each, metadata.namespace);
    const endpoint = { address, port: number, weight: 1, instance, inMesh };
    const isReady = spec.publishNotReadyAddresses === true || (ready && !terminating);
    return [{ endpoint, isReady, isLeaving: terminating && serving }];
  });
}

function hasSidecar(world: Facts, { targetRef }: SliceEndpoint, namespace: string): boolean {
  if (targetRef?.kind !== 'Pod' || targetRef.name === undefined) return false;
  const pod = world.pods.get(podKey(targetRef.namespace ?? namespace, targetRef.name));
  return pod?.spec.hasSidecar ?? false;
}
