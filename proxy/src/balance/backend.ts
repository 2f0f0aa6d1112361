/**
 * A Service port's endpoints, and which of them gets the next request.
 *
 * Lives outside the snapshots, by key: a new configuration is applied to it, so that what survives
 * keeps its pool, its measurements and its requests. What left is marked and its pool closed, which
 * ends no request. A ring is rebuilt only when its members changed, the other balancers always.
 *
 * Pure: time and chance are handed in. Budget: no allocation in `pick`, `onSent` and `onDone`.
 */
import type { BackendConfig, BalancerConfig, EndpointConfig } from '@remora/api/wire.ts';
import type { Chance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import { RequestKey } from '../routing/request-key.ts';
import type { Balancer, EndpointList } from './balancer.ts';
import { Endpoint, endpointKey, READY_BEFORE } from './endpoint.ts';
import { ewmaCost, observe } from './ewma.ts';
import { HashRing } from './hash-ring.ts';
import { leastRequestCost } from './least-request.ts';
import { P2c } from './p2c.ts';
import { RoundRobin } from './round-robin.ts';

/** `rttMs` of a request that says nothing about its endpoint, such as one that the client left. */
export const NOT_MEASURED = -1;

export class Backend {
  readonly key: string;
  connectTimeoutMs = 0;
  idleTimeoutMs = 0;
  connectionsPerEndpointMax = 0;
  waitingPerEndpointMax = 0;
  /** In the order of the configuration. */
  endpoints: readonly Endpoint[] = [];
  readonly #chance: Chance;
  #balancer: Balancer | null = null;
  #config: BalancerConfig | null = null;
  /** Those with a weight: what the balancer sees. */
  #pickable: EndpointList = [];
  /** Of the ring in use; empty: none. */
  #ring = '';
  #nextId = 0;

  constructor(key: string, chance: Chance) {
    this.key = key;
    this.#chance = chance;
  }

  apply(config: BackendConfig, nowMs: number): void {
    this.connectTimeoutMs = config.connectTimeoutMs;
    this.idleTimeoutMs = config.idleTimeoutMs;
    this.connectionsPerEndpointMax = config.connectionsPerEndpointMax;
    this.waitingPerEndpointMax = config.waitingPerEndpointMax;
    this.#replaceEndpoints(config.endpoints, nowMs);
    this.#config = config.balancer;
    const ring = ringIdentity(this.#pickable, config.balancer);
    if (ring !== '' && ring === this.#ring) return;
    this.#ring = ring;
    this.#balancer = this.#pickable.length > 1 ? this.#newBalancer(config.balancer) : null;
  }

  /** Null: no endpoint. `tried` is picked again only where there is no other. */
  pick(head: Head | null, peer: string, tried: Endpoint | null, nowMs: number): Endpoint | null {
    if (this.#balancer === null) return this.#pickable[0] ?? null;
    return this.#balancer.pick(head, peer, tried, nowMs);
  }

  onSent(endpoint: Endpoint, _nowMs: number): void {
    endpoint.inFlight++;
  }

  /** Once for every `onSent`. `rttMs` until the answer's head, or NOT_MEASURED. */
  onDone(endpoint: Endpoint, rttMs: number, failed: boolean, nowMs: number): void {
    endpoint.inFlight--;
    if (rttMs >= 0) observe(endpoint, rttMs, failed, this.#config!.decayMs, nowMs);
  }

  /** The backend is gone: like a configuration without endpoints. */
  close(): void {
    for (const endpoint of this.endpoints) remove(endpoint);
    this.endpoints = [];
    this.#pickable = [];
    this.#balancer = null;
    this.#ring = '';
  }

  #replaceEndpoints(configs: readonly EndpointConfig[], nowMs: number): void {
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.key, endpoint]));
    const next = new Map<string, Endpoint>();
    for (const config of configs) {
      const key = endpointKey(config);
      if (next.has(key)) continue; // Listed twice: one address is one endpoint.
      const endpoint = before.get(key) ?? new Endpoint(this.#nextId++, key, config, nowMs);
      // At first only the proxy is new.
      if (this.#config === null) endpoint.readyAtMs = READY_BEFORE;
      endpoint.weight = config.weight;
      endpoint.instance = config.instance;
      next.set(key, endpoint);
    }
    for (const endpoint of this.endpoints) {
      if (!next.has(endpoint.key)) remove(endpoint);
    }
    this.endpoints = [...next.values()];
    this.#pickable = this.endpoints.filter((endpoint) => endpoint.weight > 0);
    this.#pickable.forEach((endpoint, position) => {
      endpoint.position = position;
    });
  }

  #newBalancer(config: BalancerConfig): Balancer {
    const endpoints = this.#pickable;
    switch (config.type) {
      case 'round-robin':
        return new RoundRobin(endpoints, config.slowStartMs, this.#chance);
      case 'ewma':
        return new P2c(endpoints, ewmaCost(config.decayMs, config.slowStartMs), this.#chance);
      case 'least-request':
        return this.#leastRequest(config);
      case 'ring-hash': {
        if (config.hashKey === null) return this.#leastRequest(config);
        const key = new RequestKey(config.hashKey, '');
        return new HashRing(endpoints, key, this.#leastRequest(config));
      }
    }
  }

  #leastRequest(config: BalancerConfig): Balancer {
    return new P2c(this.#pickable, leastRequestCost(config.slowStartMs), this.#chance);
  }
}

/** What a ring depends on, order included: its points name endpoints by position. Else empty. */
function ringIdentity(endpoints: EndpointList, config: BalancerConfig): string {
  if (config.type !== 'ring-hash') return '';
  const members = endpoints.map((endpoint) => `${endpoint.id}*${endpoint.weight}`);
  return `${JSON.stringify(config)} ${members.join(' ')}`;
}

function remove(endpoint: Endpoint): void {
  endpoint.removed = true;
  endpoint.pool?.close();
}
