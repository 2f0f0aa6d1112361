/**
 * What an exchange needs of the proxy, and what a role decides for it: the two seams of this room.
 *
 * Types only. The world is made in `proxy.ts`; the roles are `roles/outbound.ts` and `inbound.ts`.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import type { Chance, Clock } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import type { Downstream } from '../net/downstream.ts';
import type { EndpointPool } from '../net/pool.ts';
import type { Scratch } from '../net/scratch.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import type { Tick } from './tick.ts';

export interface ExchangeCounts {
  inFlight: number;
  retries: number;
  clientsGone: number;
  mirrored: number;
  mirrorsActive: number;
  mirrorsDropped: number;
  upstreamConnections: number;
  connects: number;
  connectFailures: number;
}

export interface ExchangeWorld {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly wheel: TimerWheel;
  readonly tick: Tick;
  readonly scratch: Scratch;
  readonly ids: IdSource;
  readonly counts: ExchangeCounts;
  isDraining(): boolean;
  /** The endpoint's pool, made on first use. */
  poolOf(endpoint: Endpoint, backend: Backend): EndpointPool;
  onLocalAnswer(code: ErrorCode): void;
}

/** An exchange as a role sees it: what came, and where it may be sent. */
export interface Routable {
  readonly epoch: number;
  readonly request: Head;
  readonly downstream: Downstream;
  /** Counts an answer that is made without a target. */
  series: RouteSeries | null;
  forward(rule: Rule, target: Target, backend: Backend, prefixLength: number): void;
  answer(code: ErrorCode, detail: string): void;
  redirect(status: number, location: string): void;
  awaitConfig(): void;
  configArrived(): void;
}

export interface Role {
  readonly direction: 'outbound' | 'inbound';
  /** Whose fault an attempt's failure is, as this role's caller sees it. */
  failureCode(code: ErrorCode): ErrorCode;
  /** Calls one of the exchange's `forward`, `answer`, `redirect`, `awaitConfig`. */
  route(exchange: Routable): void;
  /** Bytes of the authority written when a request came without one (HTTP/1.0). */
  readonly defaultAuthority: Uint8Array;
  /** Whether `x-remora-*` fields of the answer are another sidecar's, and go on. */
  readonly trustsAnswerFields: boolean;
}
