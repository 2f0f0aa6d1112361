/**
 * One port of the application as requests see it: everything goes there, if it may.
 *
 *   rule (who is critical, what is collapsed) → rate limits → admission → the application
 *
 * It never routes and never chooses; the Host is passed on as it came. Its limits are the seat of
 * the adaptive limit: here all callers are seen, and the application's own latency. Each port has
 * its own, since a slow one says nothing of the others; the policy is the workload's.
 *
 * Kubelet's probes are counted apart and make no trace of their own, and users who reach a rate
 * limit do not fail them: the application would be ended for it.
 *
 * Called by `exchange/exchange.ts` once a request. Made by `inbound.ts`.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig } from '@remora/api/wire.ts';
import type { LimitsConfig, RateLimitConfig } from '@remora/api/wire-resilience.ts';
import { Backend, type BackendWorld } from '../balance/backend.ts';
import type { InboundPolicy } from '../control/compile-inbound.ts';
import type { Role, Routable } from '../exchange/exchange-world.ts';
import * as limits from '../limits.ts';
import { RateLimit } from '../resilience/rate-limit.ts';
import type { Target } from '../routing/compiled.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import { declineSampling } from '../telemetry/trace-context.ts';
import { isFromKubelet } from './kubelet-probe.ts';

/** Kubelet's own: whoever else calls itself so has no more than that. */
const PROBE_RATE: RateLimitConfig = {
  ratePerSecond: limits.probesPerSecondMax,
  burst: limits.probesPerSecondMax,
  key: { type: 'all', name: '' },
};

export interface InboundPortSettings {
  /** Of its backend: what metrics and /stats call it. */
  readonly key: string;
  readonly address: string;
  readonly port: number;
  readonly instance: string;
}

export class InboundPort implements Role {
  readonly direction = 'inbound';
  /** Its caller does, elsewhere; if both did, each retry would be two. */
  readonly retries = false;
  /** The application's own `x-remora-*` would pass for ours. */
  readonly trustsAnswerFields = false;
  readonly marksAnswers = true;
  readonly defaultAuthority: Uint8Array;
  readonly backend: Backend;
  readonly series: RouteSeries;
  readonly #settings: InboundPortSettings;
  readonly #world: BackendWorld;
  readonly #target: Target;
  readonly #probes: Target;
  readonly #probeRate: RateLimit;
  #policy: InboundPolicy;

  constructor(
    settings: InboundPortSettings,
    policy: InboundPolicy,
    series: { readonly users: RouteSeries; readonly kubelet: RouteSeries },
    world: BackendWorld,
  ) {
    const { key, address, port } = settings;
    this.#settings = settings;
    this.#world = world;
    this.series = series.users;
    this.defaultAuthority = Buffer.from(`${address}:${port}`);
    this.backend = new Backend(key, world);
    this.#target = targetOf(this.backend, series.users);
    this.#probes = targetOf(this.backend, series.kubelet);
    this.#probeRate = new RateLimit(PROBE_RATE, world.chance);
    this.#policy = policy;
    this.apply(policy);
  }

  apply(policy: InboundPolicy): void {
    this.#policy = policy;
    this.backend.apply(backendConfig(this.#settings, policy.limits), this.#world.clock.nowMs());
  }

  /** A refused connection means that the application is not there: unsent, fit for another try. */
  failureCode(code: ErrorCode): ErrorCode {
    return code === 'RMR_CONNECT_REFUSED' ? 'RMR_APP_GONE' : code;
  }

  route(exchange: Routable): void {
    const { table, fallback, probe, rateLimits } = this.#policy;
    const rule = table?.match(exchange.request)?.rule ?? fallback;
    const isProbe = rule === probe && isFromKubelet(exchange.request);
    const isLimited = rateLimits.length > 0 && !(isProbe && this.#hasProbeRate(exchange));
    if (isLimited && this.#isOverRate(exchange)) return;
    exchange.rule = rule;
    exchange.priority = rule.priority;
    if (isProbe) declineSampling(exchange.request);
    exchange.forward(isProbe ? this.#probes : this.#target, this.backend, 0);
  }

  #hasProbeRate({ request }: Routable): boolean {
    return this.#probeRate.spend(request, '', this.#world.clock.nowMs()) === 0;
  }

  /** Every limit takes its token, or the first that has none answers. */
  #isOverRate(exchange: Routable): boolean {
    const nowMs = this.#world.clock.nowMs();
    for (const { limit, config } of this.#policy.rateLimits) {
      const peer = limit.needsPeer ? exchange.downstream.peer : '';
      const retryAfterMs = limit.spend(exchange.request, peer, nowMs);
      if (retryAfterMs === 0) continue;
      const { key, ratePerSecond } = config;
      const of =
        key.type === 'all' ? 'all callers' : `one ${key.name === '' ? key.type : key.name}`;
      const detail = `${ratePerSecond} requests/s of ${of} to ${this.#settings.instance}`;
      exchange.series = this.series;
      exchange.answer('RMR_RATE_LIMITED', detail, { retryAfterMs });
      return true;
    }
    return false;
  }
}

function targetOf(backend: Backend, series: RouteSeries): Target {
  return {
    backend,
    invalid: null,
    weight: 1,
    breaker: null,
    requestEdits: null,
    responseEdits: null,
    series,
  };
}

function backendConfig(settings: InboundPortSettings, limitsOf: LimitsConfig): BackendConfig {
  const { key, address, port, instance } = settings;
  return {
    key,
    endpoints: [{ address, port, weight: 1, instance, inMesh: false }],
    balancer: { ...resilienceDefaults.balancer, type: 'ewma', hashKey: null },
    connectTimeoutMs: limits.inboundConnectTimeoutMs,
    idleTimeoutMs: limits.inboundIdleTimeoutMs,
    connectionsPerEndpointMax: limits.inboundConnectionsMax,
    waitingPerEndpointMax: limits.inboundWaitingMax,
    ejection: resilienceDefaults.ejection,
    limits: limitsOf,
    budget: resilienceDefaults.budget,
  };
}
