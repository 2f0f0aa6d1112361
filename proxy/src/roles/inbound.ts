/**
 * The inbound role: everything goes to the one application beside us. It never routes and never
 * chooses; the Host is passed on as it came.
 *
 * Called by `exchange/exchange.ts` once a request.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import { Backend, type BackendWorld } from '../balance/backend.ts';
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

export class Inbound implements Role {
  readonly direction = 'inbound';
  /** The application's own `x-remora-*` would pass for ours. */
  readonly trustsAnswerFields = false;
  readonly defaultAuthority: Uint8Array;
  readonly #backend: Backend;
  readonly #rule: Rule;
  readonly #target: Target;

  constructor(settings: InboundSettings, series: RouteSeries, world: BackendWorld) {
    const { address, port, instance } = settings;
    this.defaultAuthority = Buffer.from(`${address}:${port}`);
    this.#backend = new Backend(KEY, world);
    this.#backend.apply(
      {
        key: KEY,
        endpoints: [{ address, port, weight: 1, instance, inMesh: false }],
        balancer: { type: 'ewma', hashKey: null, slowStartMs: 0, decayMs: 10_000 },
        connectTimeoutMs: limits.inboundConnectTimeoutMs,
        idleTimeoutMs: limits.inboundIdleTimeoutMs,
        connectionsPerEndpointMax: limits.inboundConnectionsMax,
        waitingPerEndpointMax: limits.inboundWaitingMax,
        ejection: resilienceDefaults.ejection,
        limits: resilienceDefaults.limits,
        budget: resilienceDefaults.budget,
      },
      world.clock.nowMs(),
    );
    this.#target = {
      backend: this.#backend,
      invalid: null,
      weight: 1,
      breaker: null,
      requestEdits: null,
      responseEdits: null,
      series,
    };
    this.#rule = {
      id: 'inbound',
      invalid: null,
      targets: [this.#target],
      split: new Split([{ key: KEY, weight: 1 }], null),
      needsPeer: false,
      redirect: null,
      rewrite: null,
      mirrors: [],
      retry: resilienceDefaults.retry,
      hedge: null,
      faults: null,
      priority: PRIORITY.default,
      spillover: false,
      fallback: null,
      requestTimeoutMs: 0,
      perTryTimeoutMs: 0,
      series,
    };
  }

  /** A refused connection means that the application is not there: unsent, fit for another try. */
  failureCode(code: ErrorCode): ErrorCode {
    return code === 'RMR_CONNECT_REFUSED' ? 'RMR_APP_GONE' : code;
  }

  route(exchange: Routable): void {
    exchange.forward(this.#rule, this.#target, this.#backend, 0);
  }
}
