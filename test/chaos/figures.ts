/**
 * The figures of a run, computed from its records: what clients saw, and what the upstream counted.
 *
 * A request is good when it was answered 200 with its own answer before its deadline, and belongs
 * to the moment when it was due. Pure. Called by the scenarios; tests: `figures.test.ts`.
 */
import type { LoadReport } from './load/load-order.ts';

export const DEADLINE_MS = 1_000;
const RECOVERED_SHARE = 0.95;
/** Recovered means good in each of so many seconds in a row. */
const RECOVERED_WINDOWS = 3;
const WINDOW_MS = 1_000;
const STEP_MS = 10;
const ARRIVALS_STEP_MS = 50;

/** Of requests due from `fromMs` until before `untilMs`. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

const WHOLE: Span = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };

export interface Tally {
  readonly offered: number;
  readonly good: number;
}

function isGood({ ends, tookMs }: LoadReport, at: number): boolean {
  return ends[at] === 200 && tookMs[at]! <= DEADLINE_MS;
}

export function tally(report: LoadReport, span: Span = WHOLE, criticalOnly = false): Tally {
  let offered = 0;
  let good = 0;
  for (let at = 0; at < report.dueMs.length; at++) {
    const dueMs = report.dueMs[at]!;
    if (dueMs < span.fromMs || dueMs >= span.untilMs) continue;
    if (criticalOnly && report.critical[at] === 0) continue;
    offered++;
    if (isGood(report, at)) good++;
  }
  return { offered, good };
}

/** Null without requests: nothing was shown. */
export function goodPercent(report: LoadReport, span: Span = WHOLE): number | null {
  return percent(tally(report, span));
}

export function percent({ good, offered }: Tally): number | null {
  return offered === 0 ? null : (good / offered) * 100;
}

export function countBad(report: LoadReport, span: Span = WHOLE): number {
  const { offered, good } = tally(report, span);
  return offered - good;
}

/**
 * Seconds after the thaw from which on three seconds in a row were each 95% good; null: never.
 * In steps of 10 ms, so that the figure doesn't depend on where a second happens to begin.
 */
export function recoverySeconds(report: LoadReport, thawMs: number): number | null {
  const { dueMs } = report;
  const lastMs = (dueMs.at(-1) ?? 0) - RECOVERED_WINDOWS * WINDOW_MS;
  const order = [...dueMs.keys()].sort((a, b) => dueMs[a]! - dueMs[b]!);
  const times = order.map((at) => dueMs[at]!);
  const goodBefore = [0];
  for (const at of order) goodBefore.push(goodBefore.at(-1)! + (isGood(report, at) ? 1 : 0));
  const isWindowGood = (fromMs: number) => {
    const from = lowerBound(times, fromMs);
    const until = lowerBound(times, fromMs + WINDOW_MS);
    return goodBefore[until]! - goodBefore[from]! >= RECOVERED_SHARE * (until - from);
  };
  for (let fromMs = thawMs; fromMs <= lastMs; fromMs += STEP_MS) {
    const isRecovered = Array.from({ length: RECOVERED_WINDOWS }, (_, window) =>
      isWindowGood(fromMs + window * WINDOW_MS),
    ).every(Boolean);
    if (isRecovered) return (fromMs - thawMs) / 1_000;
  }
  return null;
}

/** Of good answers; null without any. */
export function goodQuantileMs(
  report: LoadReport,
  quantile: number,
  span: Span = WHOLE,
): number | null {
  const times: number[] = [];
  for (let at = 0; at < report.dueMs.length; at++) {
    const dueMs = report.dueMs[at]!;
    if (dueMs < span.fromMs || dueMs >= span.untilMs || !isGood(report, at)) continue;
    times.push(report.tookMs[at]!);
  }
  times.sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * quantile))] ?? null;
}

/** How late the load itself was, from due to written; null when it wrote nothing. */
export function latenessMs({ dueMs, sentMs }: LoadReport, quantile: number): number | null {
  const late = [...sentMs].map((sent, at) => sent - dueMs[at]!).filter((ms) => !Number.isNaN(ms));
  late.sort((a, b) => a - b);
  return late[Math.min(late.length - 1, Math.floor(late.length * quantile))] ?? null;
}

/** Good answers as a share of what the server could have given. */
export function goodputPercent(
  report: LoadReport,
  capacityPerSecond: number,
  seconds: number,
  span: Span = WHOLE,
): number {
  return (tally(report, span).good / (capacityPerSecond * seconds)) * 100;
}

/** What the upstream worked on for nothing. */
export function wasted(report: LoadReport, arrivals: readonly Float64Array[]): number {
  return arrivalCount(arrivals) - tally(report).good;
}

function arrivalCount(arrivals: readonly Float64Array[]): number {
  return arrivals.reduce((sum, times) => sum + times.length, 0);
}

/** Null where nothing arrived: a way that is shut protects nobody. */
export function upstreamLoad(report: LoadReport, arrivals: readonly Float64Array[]): number | null {
  const arrived = arrivalCount(arrivals);
  return arrived === 0 ? null : arrived / report.dueMs.length;
}

/** Requests that the upstream executed more than once. */
export function duplicates(executed: Uint8Array): number {
  return executed.reduce((count, times) => count + (times > 1 ? 1 : 0), 0);
}

/** The busiest of these over their mean; null when nothing arrived. */
export function worstShare(arrivals: readonly Float64Array[]): number | null {
  const mean = arrivalCount(arrivals) / arrivals.length;
  return mean > 0 ? Math.max(...arrivals.map((times) => times.length)) / mean : null;
}

/**
 * Seconds after `fromMs` from which on an endpoint got less than a fifth of its share in every
 * second, probes included, until `untilMs`. Null: it got more in the last one.
 */
export function secondsUntilShunned(times: Float64Array, span: Span, share: number): number | null {
  const seconds = perSecondSteps(times, span);
  const last = seconds.findLastIndex((count) => count >= share * 0.2);
  return last === seconds.length - 1 ? null : ((last + 1) * ARRIVALS_STEP_MS) / 1_000;
}

/** Seconds until, over a second, an endpoint first got half of its share again; null: never. */
export function secondsUntilBack(times: Float64Array, span: Span, share: number): number | null {
  const first = perSecondSteps(times, span).findIndex((count) => count >= share * 0.5);
  return first === -1 ? null : (first * ARRIVALS_STEP_MS) / 1_000;
}

/** How many arrived in the second that begins at each step of the span. */
function perSecondSteps(times: Float64Array, { fromMs, untilMs }: Span): readonly number[] {
  const sorted = [...times].sort((a, b) => a - b);
  const counts: number[] = [];
  for (let atMs = fromMs; atMs + WINDOW_MS <= untilMs; atMs += ARRIVALS_STEP_MS) {
    counts.push(lowerBound(sorted, atMs + WINDOW_MS) - lowerBound(sorted, atMs));
  }
  return counts;
}

/** The greatest; null if one of them is: an unknown is never better than what is known. */
export function worst(values: readonly (number | null)[]): number | null {
  return values.reduce((a, b) => (a === null || b === null ? null : Math.max(a, b)), 0);
}

/** The least, in the same way. */
export function least(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((a, b) => (a === null || b === null ? null : Math.min(a, b)));
}

/** The first index whose value is not below. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
