/**
 * What an address leads to: a Service port by its cluster address, or one pod by its own.
 *
 * Who dials a pod means that pod (a headless Service's client, a peer of a StatefulSet), so nothing
 * is routed and nobody else is tried: but it is called as its Service's policies say, where exactly
 * one Service leads to that port. A node's address is no pod's, so a pod on its node's network is
 * found by its Services alone. Any other address is outside the mesh, and null.
 *
 * Pure. Called by `compiler.ts`.
 */
import { formatAddress, formatKey } from '@remora/api/destination.ts';
import type { DestinationConfig } from '@remora/api/wire.ts';
import type { Facts } from '../world.ts';
import { meshSettings, settingsFor } from './policy.ts';
import { agreedProtocol, protocolOf } from './protocol.ts';
import { tcpPort } from './references.ts';
import { fallbackRule } from './rule-config.ts';
import { servedPorts } from './served-ports.ts';
import { meshSources, sourceRefs } from './source-refs.ts';
import { workloadOf, youngestFirst } from './workload.ts';

export interface Address {
  readonly address: string;
  readonly port: number;
}

/** The key of the Service port that has this address; null: none has. */
export function destinationAt(world: Facts, { address, port }: Address): string | null {
  const services = world.servicesAt.get(address) ?? [];
  const service = services.find((each) => tcpPort(each, port) !== undefined);
  if (service === undefined) return null;
  return formatKey(service.metadata.name, service.metadata.namespace, port);
}

/** Null: it is no pod's address. */
export function podConfig(
  world: Facts,
  at: Address,
  forNamespace: string,
): DestinationConfig | null {
  // For a moment two pods may have it: one whose end is not known yet, and its heir.
  const [pod] = [...(world.podsAt.get(at.address) ?? [])].sort(youngestFirst);
  if (pod === undefined) return null;
  const { name, namespace } = pod.metadata;
  const key = formatAddress(at.address, at.port);
  const served = servedPorts(world, workloadOf(pod)).filter(({ number }) => number === at.port);
  const [one] = served;
  const only = served.length === 1 && one !== undefined ? one : null;
  const { rule, backend, policies } =
    only === null
      ? meshSettings(world)
      : settingsFor(world, only.service, only.port.port, forNamespace);
  const endpoint = { ...at, weight: 1, instance: name, inMesh: pod.spec.hasSidecar };
  return {
    key,
    name,
    namespace,
    port: at.port,
    protocol: agreedProtocol(
      served.map(({ port }) => protocolOf({ ...port, targetPort: at.port }, false)),
    ),
    matches: null,
    rules: [],
    fallback: fallbackRule(key, rule),
    backends: { [key]: { key, endpoints: [endpoint], ...backend } },
    sources: sourceRefs([
      ...(only === null ? [] : [only.service]),
      ...policies,
      ...meshSources(world),
    ]),
  };
}
