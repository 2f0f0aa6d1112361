/**
 * The contract's part on failing well: what crosses the stream about retries, ejection, limits,
 * faults and duplicates. Complete like the rest: every default was applied by `desired/`.
 *
 * Pure types. The defaults stand in `resilience-defaults.ts`, the bounds in `config/`; who carries
 * these is said in `wire.ts`.
 */
import type {
  MatchConfig,
  PortProtocol,
  SourceRef,
  StickyConfig,
  ValueMatchConfig,
} from './wire.ts';

/**
 * What may be sent again. What was provably not sent always may; once bytes were written, only
 * idempotent methods and requests with an `Idempotency-Key`.
 */
export interface RetryConfig {
  /** Attempts after the first; 0: none. */
  readonly retriesMax: number;
  /** Answers that are tried again, besides connections that fail. Sorted, each once. */
  readonly statuses: readonly number[];
  /** Full jitter: each wait is drawn from 0 to base, doubling up to max. */
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
}

/** A second attempt while the first is still awaited; only what may be sent twice. */
export interface HedgeConfig {
  readonly afterMs: number;
}

/** Retries and hedges add at most this to the load of one service. */
export interface BudgetConfig {
  /** Of requests, 0 to 1. */
  readonly ratio: number;
  readonly minPerSecond: number;
}

/** When one endpoint of several is left out, and for how long. */
export interface EjectionConfig {
  /** Failures in a row; 0: not judged by this. */
  readonly failuresMax: number;
  /** Success under this ejects, 0 to 1; 0: not judged by this. */
  readonly successRatioMin: number;
  /** Ejects where the latency is over this multiple of the others' median; 0: not judged. */
  readonly latencyFactorMax: number;
  readonly windowMs: number;
  /** Fewer requests in the window say nothing. */
  readonly requestsMin: number;
  /** First penalty, doubled for each relapse, jittered. */
  readonly penaltyMs: number;
  readonly penaltyMaxMs: number;
  /** Of the endpoints, 0 to 1; never the last one. */
  readonly ejectedRatioMax: number;
  /** With fewer of the endpoints left than this (0 to 1), ejection is ignored; 0: never. */
  readonly panicRatio: number;
}

/** What one proxy sends to one service at a time. */
export interface LimitsConfig {
  readonly inFlightMax: number;
  readonly waitingMax: number;
  readonly waitMaxMs: number;
  /** Whether the limit follows the latency, below `inFlightMax`. */
  readonly adaptive: boolean;
}

export type Priority = 'critical' | 'default' | 'sheddable';

/** Token buckets, one per key. */
export interface RateLimitConfig {
  readonly ratePerSecond: number;
  readonly burst: number;
  /** `all`: one bucket for everybody. */
  readonly key: { readonly type: 'header' | 'peer' | 'all'; readonly name: string };
}

/** A breaker of one backend of one rule. */
export interface RuleBreakerConfig {
  readonly failuresMax: number;
  readonly cooldownMs: number;
}

export interface FaultConfig {
  readonly type: 'delay' | 'abort' | 'reset' | 'slow-body';
  /** 0 to 100. */
  readonly percent: number;
  /** Of `delay`. */
  readonly delayMs: number;
  /** Of `abort`: 400 to 599. Like the others 0 where the type is another. */
  readonly status: number;
  /** Of `slow-body`: of the answer. */
  readonly bytesPerSecond: number;
  /** Null: every request of the rule. */
  readonly header: ValueMatchConfig | null;
  /** Not null: always the same users instead of chance. */
  readonly cohort: StickyConfig | null;
}

/** The receiving sidecar collapses requests with the same `Idempotency-Key`. */
export interface DuplicatesConfig {
  /** How long an answer is kept for replay. */
  readonly keepMs: number;
}

/**
 * What a proxy is told about the application beside it. Its key on the stream: INBOUND_KEY.
 *
 * Matches are as requests arrive, after a route's rewrite; none has a `source`, since who calls is
 * not known yet. Kubelet's probes come first, as the rule PROBE_RULE.
 */
export interface InboundConfig {
  readonly limits: LimitsConfig;
  readonly rateLimits: readonly RateLimitConfig[];
  /** Best precedence first; null: every request takes `fallback`. */
  readonly matches: readonly MatchConfig[] | null;
  readonly rules: readonly InboundRuleConfig[];
  readonly fallback: InboundRuleConfig;
  /** The application's ports that Services lead to; all others are `detect`. */
  readonly ports: readonly { readonly port: number; readonly protocol: PortProtocol }[];
  /** Left out: as the proxy was started. */
  readonly tracing?: TracingConfig;
  readonly sources: readonly SourceRef[];
}

/** Which requests have spans, and where these go. Null: as the proxy was started. */
export interface TracingConfig {
  /** `http://host:port`, OTLP. */
  readonly collector: string | null;
  /** Of new traces, 0 to 1. */
  readonly sampleRatio: number | null;
  readonly slowMs: number | null;
}

export interface InboundRuleConfig {
  readonly id: string;
  readonly priority: Priority;
  readonly duplicates: DuplicatesConfig | null;
}

/** No destination has this key: they all have a port. */
export const INBOUND_KEY = 'inbound';

/** Id of the inbound rule that kubelet's probes match, by path. */
export const PROBE_RULE = 'probe';
