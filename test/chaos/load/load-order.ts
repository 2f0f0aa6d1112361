/**
 * What a load program can be asked for, and what it hands back: one record per request.
 *
 * Pure types and constants. Spoken by `load-program.ts` and by the scenarios.
 */

/** Besides HTTP statuses: how a request ended that got no answer of its own. */
export const ENDS = {
  /** Not over at the deadline: the client closed. */
  deadline: -1,
  /** The connection ended before the answer did. */
  cut: -2,
  /** No connection was to be had. */
  refused: -3,
  /** Bytes that are no HTTP answer. */
  garbled: -4,
  /** An answer with the key of another request, or an answer nobody asked for. */
  wrong: -5,
} as const;

export interface Phase {
  readonly ratePerSecond: number;
  readonly seconds: number;
}

export interface OpenLoopOrder {
  readonly do: 'open-loop';
  /** The proxies, chosen among at random. */
  readonly ports: readonly number[];
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** When it begins, on the epoch clock. */
  readonly startAtMs: number;
  readonly deadlineMs: number;
  /** Share of requests that carry `x-class: critical`. */
  readonly criticalShare: number;
  /** Of the first request; keys tell the upstream which request it is. */
  readonly firstKey: number;
}

/** Groups of clients that come back together, each time after a pause drawn from `gapMs`. */
export interface WavesOrder {
  readonly do: 'waves';
  readonly ports: readonly number[];
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly clients: number;
  readonly waves: number;
  readonly gapMs: readonly [least: number, most: number];
  readonly seed: number;
  readonly startAtMs: number;
  readonly deadlineMs: number;
  readonly firstKey: number;
}

export type LoadOrder = OpenLoopOrder | WavesOrder | { readonly do: 'get-ready' };

/** Column by column, since it crosses between processes. Times count from `startAtMs`. */
export interface LoadReport {
  readonly startAtMs: number;
  readonly dueMs: Float64Array;
  /** When it was written; NaN: it never was. */
  readonly sentMs: Float64Array;
  /** From due to the end, whatever it was. */
  readonly tookMs: Float64Array;
  /** A status, or one of ENDS. */
  readonly ends: Int16Array;
  readonly critical: Uint8Array;
  readonly firstKey: number;
  /** Answers that came while nothing was asked. */
  readonly unasked: number;
}
