/**
 * The inbound role: everything goes to the one application beside us, if it may.
 *
 *   rate limits → rule (who is critical, what is collapsed) → admission → the application
 *
 * It never routes and never chooses; the Host is passed on as it came. Its limits are the seat of
 * the adaptive limit: here all callers are seen, and the application's own latency.
 *
 * Called by `exchange/exchange.ts` once a request. Its policy is the defaults until the control
 * plane says otherwise (`control/compile-inbound.ts`).
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import { inboundDefaults, resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig } from '@remora/api/wire.ts';
import type { LimitsConfig } from '@remora/api/wire-resilience.ts';
import { Backend, type BackendWorld } from '../balance/backend.ts';
import type { InboundPolicy, InboundSink } from '../control/compile-inbound.ts';
import type { Role, Routable } from '../exchange/exchange-world.ts';
import { limits } from '../limits.ts';
import { PRIORITY } from '../resilience/ticket.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import { Split } from '../routing/split.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';

const KEY = 'application';

export interface InboundSettings {
  readonly address: string;
  readonly port: number;
  readonly instance: string;
}

export class Inbound implements Role, InboundSink {
  readonly direction = 'inbound';
  /** Its caller does, elsewhere; if both did, each retry would be two. */
  readonly retries = false;
  /** The application's own `x-remora-*` would pass for ours. */
  readonly trustsAnswerFields = false;
  readonly marksAnswers = true;
  readonly defaultAuthority: Uint8Array;
  readonly backend: Backend;
  readonly rule: Rule;
  readonly #world: BackendWorld;
  readonly #settings: InboundSettings;
  readonly #target: Target;
  readonly #defaults: InboundPolicy;
  #policy: InboundPolicy;

  constructor(settings: InboundSettings, series: RouteSeries, world: BackendWorld) {
    const { address, port } = settings;
    this.#world = world;
    this.#settings = settings;
    this.defaultAuthority = Buffer.from(`${address}:${port}`);
    this.backend = new Backend(KEY, world);
    this.#target = {
      backend: this.backend,
      invalid: null,
      weight: 1,
      breaker: null,
      requestEdits: null,
      responseEdits: null,
      series,
    };
    this.rule = applicationRule(this.#target, series);
    this.#defaults = { ...NO_POLICY, fallback: this.rule };
    this.#policy = this.#defaults;
    this.reset();
  }

  get policy(): InboundPolicy {
    return this.#policy;
  }

  apply(policy: InboundPolicy): void {
    this.#policy = policy;
    this.backend.apply(backendConfig(this.#settings, policy.limits), this.#world.clock.nowMs());
  }

  reset(): void {
    this.apply(this.#defaults);
  }

  /** A refused connection means that the application is not there: unsent, fit for another try. */
  failureCode(code: ErrorCode): ErrorCode {
    return code === 'RMR_CONNECT_REFUSED' ? 'RMR_APP_GONE' : code;
  }

  route(exchange: Routable): void {
    const { table, fallback, rateLimits } = this.#policy;
    if (rateLimits.length > 0 && this.#isOverRate(exchange)) return;
    const rule = table?.match(exchange.request)?.rule ?? fallback;
    exchange.priority = rule.priority;
    exchange.forward(rule, this.#target, this.backend, 0);
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
      exchange.series = this.#target.series;
      exchange.answer('RMR_RATE_LIMITED', detail, { retryAfterMs });
      return true;
    }
    return false;
  }
}

const NO_POLICY = { limits: inboundDefaults.limits, rateLimits: [], table: null };

/** Only a connection that was dead before it was used is replaced: no second try of a request. */
function applicationRule(target: Target, series: RouteSeries): Rule {
  return {
    id: 'inbound',
    invalid: null,
    targets: [target],
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

function backendConfig(settings: InboundSettings, limitsOf: LimitsConfig): BackendConfig {
  const { address, port, instance } = settings;
  return {
    key: KEY,
    endpoints: [{ address, port, weight: 1, instance, inMesh: false }],
    balancer: { type: 'ewma', hashKey: null, slowStartMs: 0, decayMs: 10_000 },
    connectTimeoutMs: limits.inboundConnectTimeoutMs,
    idleTimeoutMs: limits.inboundIdleTimeoutMs,
    connectionsPerEndpointMax: limits.inboundConnectionsMax,
    waitingPerEndpointMax: limits.inboundWaitingMax,
    ejection: resilienceDefaults.ejection,
    limits: limitsOf,
    budget: resilienceDefaults.budget,
  };
}
