/**
 * The inbound role: the application beside us, by its ports, and the one policy that all have.
 *
 * Told its address, the application has one port. Where connections are intercepted, each brings
 * the port that it was made to, and a port is made when it is first used: nobody lists all that an
 * application listens on. Whoever scans ports could make as many as there are, so those that no
 * configuration names are bounded; what comes to more is passed through as bytes.
 *
 * Its policy is the defaults until the control plane says otherwise (`control/compile-inbound.ts`).
 * Made by `proxy.ts`.
 */
import { formatAddress } from '@remora/api/destination.ts';
import { inboundDefaults, resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { PortProtocol } from '@remora/api/wire.ts';
import type { BackendWorld } from '../balance/backend.ts';
import type { InboundPolicy, InboundSink } from '../control/compile-inbound.ts';
import * as limits from '../limits.ts';
import { PRIORITY } from '../resilience/ticket.ts';
import type { Rule } from '../routing/compiled.ts';
import { Split } from '../routing/split.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import { InboundPort } from './inbound-port.ts';

const KEY = 'application';

/** Counts the requests to a port; '': what is of no port. */
export type SeriesOfPort = (port: string, from: 'users' | 'kubelet') => RouteSeries;

export class Inbound implements InboundSink {
  readonly rule: Rule;
  readonly #instance: string;
  readonly #seriesOf: SeriesOfPort;
  readonly #world: BackendWorld;
  /** By address. */
  readonly #ports = new Map<string, InboundPort>();
  readonly #names = new Set<string>();
  #unnamed = 0;
  readonly #defaults: InboundPolicy;
  #policy: InboundPolicy;

  constructor(instance: string, seriesOf: SeriesOfPort, world: BackendWorld) {
    this.#instance = instance;
    this.#seriesOf = seriesOf;
    this.#world = world;
    this.rule = applicationRule(seriesOf('', 'users'));
    this.#defaults = {
      limits: inboundDefaults.limits,
      rateLimits: [],
      probe: null,
      table: null,
      fallback: this.rule,
      protocols: new Map(),
    };
    this.#policy = this.#defaults;
  }

  get policy(): InboundPolicy {
    return this.#policy;
  }

  apply(policy: InboundPolicy): void {
    this.#policy = policy;
    for (const port of this.#ports.values()) port.apply(policy);
  }

  reset(): void {
    this.apply(this.#defaults);
  }

  ports(): Iterable<InboundPort> {
    return this.#ports.values();
  }

  protocolOf(port: number): PortProtocol {
    return this.#policy.protocols.get(port) ?? 'detect';
  }

  /** The one application that this proxy was told of. */
  only(address: string, port: number): InboundPort {
    return this.#add(KEY, address, port);
  }

  /** Made on first use. Null: one too many. */
  portAt(address: string, port: number): InboundPort | null {
    const known = this.#ports.get(formatAddress(address, port));
    if (known !== undefined) return known;
    if (!this.#policy.protocols.has(port)) {
      if (this.#unnamed >= limits.inboundPortsMax) return null;
      this.#unnamed++;
    }
    const name = `${KEY}:${port}`;
    // A pod has an address of each family, and a server may listen on one of them only.
    return this.#add(this.#names.has(name) ? `${name} at ${address}` : name, address, port);
  }

  #add(key: string, address: string, port: number): InboundPort {
    const settings = { key, address, port, instance: this.#instance };
    const series = {
      users: this.#seriesOf(String(port), 'users'),
      kubelet: this.#seriesOf(String(port), 'kubelet'),
    };
    const made = new InboundPort(settings, this.#policy, series, this.#world);
    this.#ports.set(formatAddress(address, port), made);
    this.#names.add(key);
    return made;
  }
}

/**
 * Only a connection that was dead before it was used is replaced: no second try of a request. Where
 * it goes is the port's to say.
 */
function applicationRule(series: RouteSeries): Rule {
  return {
    id: 'inbound',
    invalid: null,
    targets: [],
    split: new Split([{ key: KEY, weight: 1 }], null),
    needsPeer: false,
    redirect: null,
    rewrite: null,
    mirrors: [],
    retry: resilienceDefaults.retry,
    hedge: null,
    faults: null,
    priority: PRIORITY.default,
    duplicates: null,
    spillover: false,
    fallback: null,
    requestTimeoutMs: 0,
    perTryTimeoutMs: 0,
    series,
  };
}
