/**
 * The trace that a request came with, as offsets into its head's slab. It lives with the head,
 * since each attempt, the answer and the span recorder ask the same and must hear the same.
 *
 * Read once, when first asked for, by `telemetry/incoming-trace.ts`: most of its fields mean
 * something only by then. A bare record: what the values mean is decided there and in `b3.ts`.
 */

/** Who says which trace it is. */
export const ORIGIN = {
  /** Nobody has asked yet. */
  UNREAD: 0,
  /** Nobody: the trace begins here. */
  HERE: 1,
  TRACEPARENT: 2,
  B3: 3,
} as const;

/** What B3 fields say of sampling. */
export const DECISION = {
  /** Left to whoever reads it. */
  DEFERRED: 0,
  DENIED: 1,
  ACCEPTED: 2,
  /** Accepted, and to be kept whatever it costs. */
  DEBUG: 3,
} as const;

/** In which forms valid B3 came: a sum of these. */
export const B3_FORM = { SINGLE: 1, MULTI: 2 } as const;

export class HeadTrace {
  origin: number = ORIGIN.UNREAD;
  /** 16 (B3 only) or 32; 0: no trace was given. */
  idDigits = 0;
  idStart = 0;
  /** 16 digits of the span that sent this request. */
  parentStart = 0;
  /** Of a traceparent: those that are defined. */
  flags = 0;
  b3Decision: number = DECISION.DEFERRED;
  b3Forms = 0;

  reset(): void {
    this.origin = ORIGIN.UNREAD;
    this.idDigits = 0;
    this.b3Decision = DECISION.DEFERRED;
    this.b3Forms = 0;
  }
}
