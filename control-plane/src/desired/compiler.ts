/**
 * All that can be asked of one world, each destination compiled at most once per audience.
 *
 * An audience is a namespace with consumer routes or policies of its own for a Service; everybody
 * else shares one configuration, so the cost does not grow with the number of namespaces. What the
 * compiler of the world before made is taken over, the same object, where all that it was made of
 * is the same.
 *
 * Pure but for its own memory, which lives as long as its world. Used by `publish/publisher.ts`
 * and `snapshot.ts`.
 */
import { formatKey, parseAddress } from '@remora/api/destination.ts';
import { nearestNames } from '@remora/api/nearest-names.ts';
import type { DestinationConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import { compareText } from '../compare-text.ts';
import type { Facts, World } from '../world.ts';
import { inboundConfig } from './inbound-config.ts';
import { destinationAt, podConfig } from './pod-config.ts';
import { destinationConfig } from './proxy-config.ts';
import { type Recorded, Recorder } from './recorded-facts.ts';
import { tcpPort } from './references.ts';

const EVERYBODY = '';

export class WorldCompiler {
  readonly #world: World;
  readonly #destinations: Memory<DestinationConfig | null>;
  readonly #inbound: Memory<InboundConfig>;
  readonly #consumers: ReadonlySet<string>;
  /** By address; every namespace asks for the same ones. */
  readonly #keys = new Map<string, string>();

  constructor(world: World, before?: WorldCompiler) {
    this.#world = world;
    const recorder = new Recorder(world);
    this.#destinations = new Memory(recorder, before === undefined ? null : before.#destinations);
    this.#inbound = new Memory(recorder, before === undefined ? null : before.#inbound);
    this.#consumers = consumersOf(world);
  }

  /** By name or by address; all names of one Service port are one configuration. */
  compile(destination: string, namespace: string): DestinationConfig | null {
    const key = this.#keyOf(destination);
    // Backends have policies too, so a consumer of anything is an audience for everything.
    const audience = this.#consumers.has(namespace) ? namespace : EVERYBODY;
    return this.#destinations.made(`${audience}|${key}`, (facts) => {
      const at = parseAddress(key);
      if (at === null) return destinationConfig(facts, key, audience);
      return podConfig(facts, at, audience);
    });
  }

  inbound(namespace: string, workload: string): InboundConfig {
    return this.#inbound.made(`${namespace}/${workload}`, (facts) => {
      return inboundConfig(facts, namespace, workload);
    });
  }

  nearest(destination: string): readonly string[] {
    // Nobody mistypes an address that a connection went to.
    if (parseAddress(destination) !== null) return [];
    return nearestNames(destination, destinations(this.#world));
  }

  /** Of a cluster address the Service port that has it. */
  #keyOf(destination: string): string {
    const known = this.#keys.get(destination);
    if (known !== undefined) return known;
    const at = parseAddress(destination);
    const key = at === null ? null : destinationAt(this.#world, at);
    if (key !== null) this.#keys.set(destination, key);
    return key ?? destination;
  }
}

/** What was made in this world or the one before; what nobody asked for in either is forgotten. */
class Memory<T> {
  readonly #recorder: Recorder;
  readonly #made = new Map<string, Recorded<T>>();
  readonly #before: ReadonlyMap<string, Recorded<T>>;

  constructor(recorder: Recorder, before: Memory<T> | null) {
    this.#recorder = recorder;
    this.#before = before === null ? new Map() : before.#made;
  }

  made(key: string, make: (facts: Facts) => T): T {
    const known = this.#made.get(key);
    if (known !== undefined) return known.made;
    const before = this.#before.get(key);
    const isSame = before !== undefined && this.#recorder.holds(before);
    const now = isSame ? before : this.#recorder.made(make);
    // Nothing is kept for what does not exist: anybody can make up names.
    if (now.made !== null) this.#made.set(key, now);
    return now.made;
  }
}

/** Every Service port there is, in the order of names. */
export function* destinations(world: World): Iterable<string> {
  const services = [...world.services].sort(([a], [b]) => compareText(a, b));
  for (const [, service] of services) {
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
