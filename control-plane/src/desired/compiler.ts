/**
 * All that can be asked of one world, each destination compiled at most once per audience.
 *
 * An audience is a namespace with consumer routes or policies of its own for a Service; everybody
 * else shares one configuration, so the cost does not grow with the number of namespaces.
 *
 * Pure but for its own memory, which lives as long as its world. Used by `publish/publisher.ts`
 * and `snapshot.ts`.
 */
import { formatKey } from '@remora/api/destination.ts';
import { nearestNames } from '@remora/api/nearest-names.ts';
import type { DestinationConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import type { World } from '../world.ts';
import { inboundConfig } from './inbound-config.ts';
import { destinationConfig } from './proxy-config.ts';
import { tcpPort } from './references.ts';

const EVERYBODY = '';

export class WorldCompiler {
  readonly #world: World;
  readonly #compiled = new Map<string, DestinationConfig | null>();
  readonly #consumers: ReadonlySet<string>;

  constructor(world: World) {
    this.#world = world;
    this.#consumers = consumersOf(world);
  }

  compile(destination: string, namespace: string): DestinationConfig | null {
    // Backends have policies too, so a consumer of anything is an audience for everything.
    const audience = this.#consumers.has(namespace) ? namespace : EVERYBODY;
    const key = `${audience}|${destination}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const config = destinationConfig(this.#world, destination, audience);
    // Nothing is kept for what does not exist: anybody can make up names.
    if (config !== null) this.#compiled.set(key, config);
    return config;
  }

  inbound(namespace: string, workload: string): InboundConfig {
    return inboundConfig(this.#world, namespace, workload);
  }

  nearest(destination: string): readonly string[] {
    return nearestNames(destination, destinations(this.#world));
  }
}

/** Every Service port there is. */
export function* destinations(world: World): Iterable<string> {
  for (const service of world.services.values()) {
    const { namespace, name } = service.metadata;
    for (const { port } of service.spec.ports) {
      if (tcpPort(service, port) !== undefined) yield formatKey(name, namespace, port);
    }
  }
}

/** Namespaces in which a route or policy for another namespace's Service stands. */
function consumersOf(world: World): ReadonlySet<string> {
  const consumers = new Set<string>();
  for (const attached of [world.routesOf, world.httpRoutesOf, world.policiesOf]) {
    for (const [target, objects] of attached) {
      for (const { metadata } of objects) {
        const [targetNamespace] = target.split('/');
        if (metadata.namespace !== targetNamespace) consumers.add(metadata.namespace);
      }
    }
  }
  return consumers;
}
