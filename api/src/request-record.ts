/**
 * What is known of one request afterwards: the decisions that were taken for it, and when.
 *
 * Made by a proxy for a request that is sampled, failed, slow, marked by a callee or asked for; it
 * is the one source of its spans, its access-log line and its explanation. A part that does not
 * apply is null or empty and never missing, so that readers need no second opinion.
 *
 * Types only; crosses the wire as the answer to a query (`wire.ts`). Times are milliseconds since
 * the request's head had come, but for `startedAt`.
 */
import type { ErrorCode } from './errors.ts';
import type { ProxyIdentity } from './wire.ts';

/** Why the request left a record. */
export type RecordReason = 'sampled' | 'failed' | 'slow' | 'marked' | 'asked';

export interface RequestRecord {
  readonly requestId: string;
  /** 32 hex digits. */
  readonly traceId: string;
  /** Of the server span, 16 hex digits. */
  readonly spanId: string;
  /** '' where the request came without a trace. */
  readonly parentSpanId: string;
  readonly reason: RecordReason;
  readonly isSampled: boolean;
  readonly proxy: ProxyIdentity;
  readonly direction: 'inbound' | 'outbound';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly method: string;
  readonly authority: string;
  /** With the query, as it came; cut at `recordTextMax`. */
  readonly path: string;
  readonly userAgent: string;
  /** The client's address. */
  readonly peer: string;
  /** 499: the client left before an answer began. */
  readonly status: number;
  readonly isFailed: boolean;
  /** Of an answer that Remora made itself. */
  readonly cause: ErrorCode | null;
  /** What the answer said of the cause. */
  readonly detail: string;
  /** Of the bodies, without framing. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** `name.namespace:port`; '' where no destination was found. */
  readonly destination: string;
  /** '' before a rule was found. */
  readonly rule: string;
  readonly backend: string;
  readonly split: SplitRecord | null;
  /** The best rule that did not match; null where there was none to try. */
  readonly nearest: NearestRule | null;
  /** Sent with the request or set by the rule; null: none. */
  readonly deadlineMs: number | null;
  /** Why no attempt followed the last one, which had failed: a word of RETRY; '': not asked. */
  readonly denied: string;
  readonly attempts: readonly AttemptRecord[];
}

export interface SplitRecord {
  /** 0 to 1; null: a cohort key decided. */
  readonly draw: number | null;
  /** What the cohort is told by, and what it was; null: chance decided. */
  readonly cohort: { readonly by: string; readonly key: string } | null;
  readonly shares: readonly { readonly backend: string; readonly weight: number }[];
}

export interface NearestRule {
  readonly rule: string;
  /** For people: `header x-canary is "no", not "yes"`. */
  readonly why: string;
}

export interface AttemptRecord {
  /** Of the client span, 16 hex digits; '' where nothing was sent. */
  readonly spanId: string;
  readonly backend: string;
  /** `address:port`; '' where none was chosen. */
  readonly endpoint: string;
  readonly instance: string;
  /** Why it was made after another: a retry's reason, `hedge`; '' for the first. */
  readonly reason: string;
  /** The one request that an open breaker lets through. */
  readonly isProbe: boolean;
  readonly isReused: boolean;
  readonly beganMs: number;
  /** Admitted, and an endpoint chosen; null: never. */
  readonly chosenMs: number | null;
  /** The head was written. */
  readonly sentMs: number | null;
  /** The answer's head had come. */
  readonly answeredMs: number | null;
  readonly endedMs: number;
  /** 0: no answer. */
  readonly status: number;
  readonly failure: ErrorCode | null;
  /** Endpoints that were compared, and what each would have cost; the least was taken. */
  readonly weighed: readonly { readonly endpoint: string; readonly score: number }[];
  /** As they were when the attempt began. */
  readonly limit: { readonly inFlight: number; readonly waiting: number; readonly max: number };
  /** Retries that the budget would still have allowed. */
  readonly budgetLeft: number;
  readonly isBreakerOpen: boolean;
}
