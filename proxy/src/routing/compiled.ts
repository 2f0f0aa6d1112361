/**
 * What configuration becomes before a request sees it: the shapes that `routing` decides on.
 *
 * Everything that can be done once per change is done when compiling: edits are encoded, sources
 * compared, weights summed, series bound. A request only reads. Immutable; swapped as a whole.
 *
 * Types only. Built by `control/compile.ts`, read by `roles/outbound.ts`.
 */
import type { NearestRule } from '@remora/api/request-record.ts';
import type { PortProtocol } from '@remora/api/wire.ts';
import type { DuplicatesConfig, HedgeConfig, RetryConfig } from '@remora/api/wire-resilience.ts';
import type { Backend } from '../balance/backend.ts';
import type { Head } from '../http1/head.ts';
import type { Faults } from '../resilience/fault.ts';
import type { RuleBreaker } from '../resilience/rule-breaker.ts';
import type { PriorityNumber } from '../resilience/ticket.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import type { Split } from './split.ts';

/** A Service port, compiled. */
export interface Destination {
  readonly key: string;
  readonly version: string;
  readonly protocol: PortProtocol;
  /** Null: no route is attached, everything takes `fallback`. */
  readonly table: RouteMatcher | null;
  readonly fallback: Rule;
  /** Counts what no rule matched (404). */
  readonly unmatched: RouteSeries;
}

export interface RouteMatcher {
  /** The rule of best precedence, or null: none matches, which answers 404. Allocates nothing. */
  match(head: Head): RuleMatch | null;
  /** The rule that the request missed most narrowly; null: none was passed over. Allocates. */
  nearest(head: Head): NearestRule | null;
}

/** One match of a rule: the rule, and how much of the path it matched (for prefix rewrites). */
export interface RuleMatch {
  readonly rule: Rule;
  /** Bytes of the path that a prefix match covers, without a trailing slash; 0 else. */
  readonly prefixLength: number;
}

export interface Rule {
  readonly id: string;
  /** Not null: answers 500 with this reason. */
  readonly invalid: string | null;
  readonly targets: readonly Target[];
  readonly split: Split;
  /** The split or a backend's ring hashes the peer's address, which costs a system call. */
  readonly needsPeer: boolean;
  readonly redirect: Redirect | null;
  readonly rewrite: Rewrite | null;
  readonly mirrors: readonly Mirror[];
  readonly retry: RetryConfig;
  readonly hedge: HedgeConfig | null;
  readonly faults: Faults | null;
  readonly priority: PriorityNumber;
  /** Inbound only: requests with the same Idempotency-Key are collapsed. */
  readonly duplicates: DuplicatesConfig | null;
  /** The share of a target that can't serve goes to the others. */
  readonly spillover: boolean;
  /** Gets that share where no other can; its weight says nothing. */
  readonly fallback: Target | null;
  /** Milliseconds, 0: none. */
  readonly requestTimeoutMs: number;
  readonly perTryTimeoutMs: number;
  /** Counts answers made without a target: redirects, 500 of an invalid rule. */
  readonly series: RouteSeries;
}

/** A weighted backend of a rule. The rule's and the backend's edits are merged, backend's last. */
export interface Target {
  /** Null: an invalid reference; its share answers 500. */
  readonly backend: Backend | null;
  readonly invalid: string | null;
  readonly weight: number;
  readonly breaker: RuleBreaker | null;
  readonly requestEdits: HeaderEdits | null;
  readonly responseEdits: HeaderEdits | null;
  readonly series: RouteSeries;
}

export interface Mirror {
  readonly backend: Backend;
  /** 0 to 100. */
  readonly percent: number;
}

/**
 * Header edits, ready to write: fields named in `removes` (lower case) are left out, `append` holds
 * whole lines (`name: value\r\n`). Set is remove and append. `merges` are adds: by RFC 9110 §5.2 a
 * second field line means the same as a joined value, so they are appended lines too.
 */
export interface HeaderEdits {
  readonly removes: readonly Uint8Array[];
  readonly append: Uint8Array;
}

/** Encoded as latin1 text; a request's own parts fill what is null. */
export interface Redirect {
  readonly status: number;
  readonly scheme: string | null;
  readonly hostname: string | null;
  readonly port: number | null;
  readonly path: PathRewrite | null;
}

export interface Rewrite {
  /** Bytes of the new authority, or null. */
  readonly authority: Uint8Array | null;
  readonly path: PathRewrite | null;
}

export interface PathRewrite {
  readonly type: 'full' | 'prefix';
  readonly value: Uint8Array;
}
