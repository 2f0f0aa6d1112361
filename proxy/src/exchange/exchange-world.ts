/**
 * What an exchange needs of the proxy, what a role decides for it, and what its attempts tell it:
 * the three seams of this room.
 *
 * Types only. The world is made in `proxy.ts`; the roles are `roles/outbound.ts` and `inbound.ts`.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import type { Chance, Clock } from '../clock.ts';
import type { TriedEndpoints } from '../balance/tried.ts';
import type { Head } from '../http1/head.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Downstream } from '../net/downstream.ts';
import type { EndpointPool } from '../net/pool.ts';
import type { Scratch } from '../net/scratch.ts';
import type { DeadlineMemory } from '../resilience/deadline-memory.ts';
import type { DuplicateEnd, Duplicates } from '../resilience/duplicates.ts';
import type { FaultStrike } from '../resilience/fault.ts';
import type { ReplayBlocks } from '../resilience/replay-buffer.ts';
import type { RuleBreaker } from '../resilience/rule-breaker.ts';
import type { PriorityNumber } from '../resilience/ticket.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import type { ExchangeCounts } from '../telemetry/exchange-counts.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import type { TimerWheel } from '../timer-wheel.ts';
import type { Attempt } from './attempt.ts';
import type { Observer } from './observer.ts';
import type { Tick } from './tick.ts';
import type { TraceMarks } from './trace-marks.ts';
import type { Trail } from './trail.ts';

export interface ExchangeWorld {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly wheel: TimerWheel;
  readonly tick: Tick;
  readonly scratch: Scratch;
  readonly ids: IdSource;
  readonly counts: ExchangeCounts;
  readonly replayBlocks: ReplayBlocks;
  /** Which deadline a trace has; shared by both roles. */
  readonly deadlines: DeadlineMemory;
  /** Released exchanges must not be used: tests make it throw. */
  readonly poisonsPools: boolean;
  readonly duplicates: Duplicates;
  readonly marks: TraceMarks;
  readonly observer: Observer;
  /** Whether a role's answers tell their clients to leave. */
  isDraining(direction: Role['direction']): boolean;
  /** The endpoint's pool, made on first use. */
  poolOf(endpoint: Endpoint, backend: Backend): EndpointPool;
  onLocalAnswer(code: ErrorCode): void;
  /** Another attempt follows, or is denied: a RETRY. */
  onRetryDecided(reason: number): void;
  onDuplicate(end: DuplicateEnd): void;
}

/** An exchange as a role sees it: what came, and where it may be sent. */
export interface Routable {
  readonly epoch: number;
  readonly request: Head;
  readonly downstream: Downstream;
  readonly trail: Trail;
  /** Counts an answer that is made without a target. */
  series: RouteSeries | null;
  /** What the rule's faults do to this request; drawn once, then `hasBeenStruck` is set. */
  readonly strike: FaultStrike;
  hasBeenStruck: boolean;
  /** Of the target's breaker; told how the request ended. */
  breaker: RuleBreaker | null;
  breakerEpoch: number;
  priority: PriorityNumber;
  /** What the role has chosen, before it forwards or answers by it. */
  rule: Rule | null;
  forward(target: Target, backend: Backend, prefixLength: number): void;
  answer(code: ErrorCode, detail: string, extra?: AnswerExtra): void;
  redirect(status: number, location: string): void;
  /** A fault holds the request back; the role is asked again after that. */
  delay(ms: number): void;
  /** A fault cuts the client off. */
  cutOff(code: ErrorCode): void;
  awaitConfig(): void;
  configArrived(): void;
}

/** What a local answer may have beside its code. */
export interface AnswerExtra {
  /** For Retry-After; rounded up to seconds. 0: none. */
  readonly retryAfterMs?: number;
  /** Instead of the code's own. */
  readonly status?: number;
}

/** An exchange as its attempts see it. Told from the tick or a socket, never from its own call. */
export interface AttemptUser {
  readonly request: Head;
  readonly peer: string;
  readonly priority: PriorityNumber;
  readonly deadlineAtMs: number;
  /** Whether executing the request twice does no harm. */
  readonly mayRepeat: boolean;
  readonly tried: TriedEndpoints;
  readonly trail: Trail;
  /** Whether its client has sent all of it. */
  readonly isRequestComplete: boolean;
  onAttemptReady(attempt: Attempt): void;
  onAttemptFailed(attempt: Attempt): void;
  onAttemptInterim(attempt: Attempt): void;
  onAttemptHead(attempt: Attempt, bodyKind: number, piece: BodyPiece): void;
  onAttemptBody(attempt: Attempt, piece: BodyPiece): void;
  onAttemptFlushed(attempt: Attempt): void;
  onAttemptEnd(attempt: Attempt): void;
}

export interface Role {
  readonly direction: 'outbound' | 'inbound';
  /** Whose fault an attempt's failure is, as this role's caller sees it. */
  failureCode(code: ErrorCode): ErrorCode;
  /** Calls one of `forward`, `answer`, `redirect`, `delay`, `cutOff` and `awaitConfig`. */
  route(exchange: Routable): void;
  /** False: only a connection that was dead before its use is replaced. */
  readonly retries: boolean;
  /** Bytes of the authority written when a request came without one (HTTP/1.0). */
  readonly defaultAuthority: Uint8Array;
  /** Whether `x-remora-*` fields of the answer are another sidecar's, and go on. */
  readonly trustsAnswerFields: boolean;
  /** Whether its answers tell the caller's sidecar of traces that are to be kept. */
  readonly marksAnswers: boolean;
}
