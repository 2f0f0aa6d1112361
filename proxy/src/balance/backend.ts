/**
 * A Service port's endpoints, and which of them gets the next request.
 *
 * Lives outside the snapshots, by key: a new configuration is applied to it, so that what survives
 * keeps its pool, its measurements and its requests. What left is marked and its pool closed, which
 * ends no request. A ring is rebuilt only when its members changed, the other balancers always.
 *
 * Pure: time and chance are handed in. Budget: no allocation in `pick`, `onSent` and `onDone`. Who
 * is left out is decided by `resilience/ejection.ts`; a ring's members are not changed by it.
 */
import type { BackendConfig, BalancerConfig, EndpointConfig } from '@remora/api/wire.ts';
import type { LimitsConfig } from '@remora/api/wire-resilience.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import { AdaptiveLimit } from '../resilience/adaptive-limit.ts';
import { Admission } from '../resilience/admission.ts';
import { BREAKER } from '../resilience/endpoint-health.ts';
import { Ejection } from '../resilience/ejection.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import { isFailed, OUTCOME } from '../resilience/outcome.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import { RequestKey } from '../routing/request-key.ts';
import type { Balancer, EndpointList } from './balancer.ts';
import { Endpoint, endpointKey, READY_BEFORE } from './endpoint.ts';
import { ewmaCost, halve, observe } from './ewma.ts';
import { Explorer } from './explorer.ts';
import { HashRing } from './hash-ring.ts';
import { leastRequestCost } from './least-request.ts';
import { P2c } from './p2c.ts';
import { RoundRobin } from './round-robin.ts';
import { Sieve } from './sieve.ts';
import type { TriedEndpoints } from './tried.ts';

/** `rttMs` of a request that says nothing of its endpoint's speed: no head of an answer came. */
export const NOT_MEASURED = -1;

/** Of one answer in an endpoint's usual latency. */
const USUAL_SHARE = 1 / 16;

/** What a backend needs of the world. */
export interface BackendWorld {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly chance: Chance;
}

export class Backend {
  readonly key: string;
  connectTimeoutMs = 0;
  idleTimeoutMs = 0;
  connectionsPerEndpointMax = 0;
  waitingPerEndpointMax = 0;
  /** In the order of the configuration. */
  endpoints: readonly Endpoint[] = [];
  readonly ejection: Ejection<Endpoint>;
  readonly admission: Admission;
  /** Of retries and hedges, for all routes that lead here. */
  readonly budget: RetryBudget;
  readonly #chance: Chance;
  readonly #sieve = new Sieve();
  readonly #explorer = new Explorer();
  #balancer: Balancer | null = null;
  #config: BalancerConfig | null = null;
  /** Those with a weight: what the balancer sees. */
  #pickable: EndpointList = [];
  /** Of the ring in use; empty: none. */
  #ring = '';
  #nextId = 0;

  constructor(key: string, { clock, wheel, chance }: BackendWorld) {
    this.key = key;
    this.#chance = chance;
    this.ejection = new Ejection<Endpoint>(resilienceDefaults.ejection, chance);
    this.admission = new Admission(clock, wheel);
    this.budget = new RetryBudget(resilienceDefaults.budget, clock.nowMs());
  }

  /** What the last pick compared. */
  get compared(): Readonly<Pick<Sieve, 'one' | 'other' | 'oneCost' | 'otherCost'>> {
    return this.#sieve;
  }

  /** Whether there is nothing to pick. */
  get isEmpty(): boolean {
    return this.#pickable.length === 0;
  }

  /** Whether there are more endpoints than these many that a request was sent to. */
  hasOtherThan(sentTo: number): boolean {
    return this.#pickable.length > sentTo;
  }

  /** Whether a request that was sent to `tried` and to `last` could go to another one now. */
  hasFreeOther(last: Endpoint, tried: TriedEndpoints, nowMs: number): boolean {
    const sieve = this.#sieve;
    this.ejection.catchUp(nowMs);
    sieve.begin(tried, nowMs);
    sieve.ignoresEjection = false;
    return this.#pickable.some((endpoint) => endpoint !== last && sieve.passes(endpoint));
  }

  apply(config: BackendConfig, nowMs: number): void {
    this.connectTimeoutMs = config.connectTimeoutMs;
    this.idleTimeoutMs = config.idleTimeoutMs;
    this.connectionsPerEndpointMax = config.connectionsPerEndpointMax;
    this.waitingPerEndpointMax = config.waitingPerEndpointMax;
    this.#replaceEndpoints(config.endpoints, nowMs);
    this.ejection.apply(config.ejection, this.#pickable, nowMs);
    this.budget.apply(config.budget, nowMs);
    this.#applyLimits(config.limits, nowMs);
    this.#config = config.balancer;
    this.#sieve.begin(null, nowMs);
    const ring = ringIdentity(this.#pickable, config.balancer);
    if (ring !== '' && ring === this.#ring) return;
    this.#ring = ring;
    this.#balancer = this.#pickable.length > 1 ? this.#newBalancer(config.balancer) : null;
  }

  /**
   * Null: no endpoint. Skips tried, ejected and full ones while there are others. An endpoint whose
   * probe is due comes first, for a request that may be sent again should the probe fail.
   */
  pick(
    head: Head | null,
    peer: string,
    tried: TriedEndpoints | null,
    nowMs: number,
    mayResend = false,
  ): Endpoint | null {
    if (this.#balancer === null) return this.#pickable[0] ?? null;
    const sieve = this.#sieve;
    sieve.begin(tried, nowMs);
    if (this.ejection.out.length > 0) {
      const probed = this.#aroundEjected(mayResend);
      if (probed !== null) return probed;
    }
    if (mayResend && this.#config!.type === 'ewma') {
      const alone = this.#explorer.due(this.#pickable, sieve);
      if (alone !== null) return alone;
    }
    return this.#balancer.pick(head, peer, sieve);
  }

  /** The request goes to this endpoint. Returns the epoch to be given to `onDone`. */
  onSent(endpoint: Endpoint, nowMs: number): number {
    endpoint.inFlight++;
    this.#explorer.onSent(endpoint, nowMs);
    return this.ejection.admit(endpoint, nowMs);
  }

  /** Whether a request to it is there to find out more: should it fail, it is sent elsewhere. */
  isOnTrial({ isExplored, health }: Endpoint): boolean {
    return isExplored || health.state === BREAKER.HALF_OPEN;
  }

  /** The head of an answer came; its body may take long, which no probe waits for. */
  onHead(endpoint: Endpoint, epoch: number, outcome: number, nowMs: number): void {
    this.ejection.reportHead(endpoint, epoch, outcome, nowMs);
  }

  /** Once for every `onSent`. `rttMs` until the answer's head, or NOT_MEASURED. */
  onDone(endpoint: Endpoint, epoch: number, rttMs: number, outcome: number, nowMs: number): void {
    endpoint.inFlight--;
    const wasTrial = this.#explorer.wasTrial(endpoint, isFailed(outcome));
    this.ejection.report(endpoint, epoch, outcome, rttMs, nowMs);
    if (rttMs >= 0 && outcome === OUTCOME.OK) {
      endpoint.usualMs += (rttMs - endpoint.usualMs) * USUAL_SHARE;
    }
    if (rttMs < 0 || outcome === OUTCOME.NOTHING_LEARNED || this.#config === null) return;
    const { decayMs } = this.#config;
    if (wasTrial && outcome === OUTCOME.OK) return halve(endpoint, rttMs, decayMs, nowMs);
    // A refusal costs as a failure does, else refusing fast would attract more.
    observe(endpoint, rttMs, outcome !== OUTCOME.OK, decayMs, nowMs);
  }

  /** Told to come back later (`Retry-After` of a 503): not picked meanwhile, where others are. */
  holdBack(endpoint: Endpoint, forMs: number, nowMs: number): void {
    this.ejection.holdBack(endpoint, forMs, nowMs);
  }

  /** The backend is gone: like a configuration without endpoints. */
  close(nowMs: number): void {
    for (const endpoint of this.endpoints) remove(endpoint);
    this.endpoints = [];
    this.#pickable = [];
    this.ejection.apply(resilienceDefaults.ejection, [], nowMs);
    this.#applyLimits(resilienceDefaults.limits, nowMs);
    this.#balancer = null;
    this.#ring = '';
  }

  /** An endpoint whose probe this request is; null: none. Ejection is ignored in panic. */
  #aroundEjected(mayResend: boolean): Endpoint | null {
    const { ejection } = this;
    const sieve = this.#sieve;
    ejection.catchUp(sieve.nowMs);
    if (mayResend && ejection.probeIsDue(sieve.nowMs)) {
      for (const endpoint of ejection.out) {
        if (sieve.passesAsProbe(endpoint)) return endpoint;
      }
    }
    sieve.ignoresEjection = ejection.inPanic;
    if (sieve.ignoresEjection) ejection.counts.panicPicks++;
    return null;
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
      endpoint.inMesh = config.inMesh;
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

  /** Where a Remora stands before the endpoint, it knows better: only the hard cap counts here. */
  #applyLimits(config: LimitsConfig, nowMs: number): void {
    for (const { slot, inMesh } of this.#pickable) {
      if (!config.adaptive || inMesh) slot.limit = null;
      else slot.limit ??= new AdaptiveLimit(nowMs);
    }
    const slots = this.#pickable.map(({ slot }) => slot);
    this.admission.apply(config, slots);
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
