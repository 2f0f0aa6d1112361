/**
 * The ports of a pod that Services lead to: which port of which Service is which number here.
 *
 * By the Services' selectors and not by EndpointSlices: a sidecar asks before its pod is ready, and
 * who dials a pod by its address does so before any slice has it.
 *
 * Pure. Called by `inbound-config.ts` and `pod-config.ts`.
 */
import type { Service, ServicePort } from '@remora/api/config/objects.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import type { Facts } from '../world.ts';
import { routesFor } from './attachment.ts';
import { agreedProtocol, protocolOf } from './protocol.ts';
import { isTcp } from './references.ts';
import { selectingServices } from './selection.ts';
import type { Workload } from './workload.ts';

export interface ServedPort {
  readonly service: Service;
  readonly port: ServicePort;
  /** Where the application listens. */
  readonly number: number;
}

export function servedPorts(world: Facts, workload: Workload): readonly ServedPort[] {
  return selectingServices(world, workload.namespace, workload.labels).flatMap((service) => {
    return service.spec.ports.filter(isTcp).flatMap((port) => {
      const number = numberOf(port, workload);
      return number === null ? [] : [{ service, port, number }];
    });
  });
}

/** What an application is told of its own ports, each once. */
export function inboundPorts(world: Facts, served: readonly ServedPort[]): InboundConfig['ports'] {
  const protocols = Map.groupBy(served, ({ number }) => number);
  return [...protocols]
    .sort(([a], [b]) => a - b)
    .map(([number, all]) => {
      // A consumer's routes act for its own namespace, and others may speak something else.
      const said = all.map(({ service, port }) => {
        const routes = routesFor(world, service, port.port, service.metadata.namespace);
        return protocolOf({ ...port, targetPort: number }, routes.length > 0);
      });
      return { port: number, protocol: agreedProtocol(said) };
    });
}

/** Null: by a name that no container has. */
function numberOf(
  { port, targetPort = port }: ServicePort,
  { namedPorts }: Workload,
): number | null {
  if (typeof targetPort === 'number') return targetPort;
  return namedPorts.find(({ name }) => name === targetPort)?.port ?? null;
}
