/**
 * The plain dialect of inbound requests: `http_request_duration_seconds` by method and status, as
 * most applications' own libraries count, for dashboards that know no mesh.
 *
 * The labels are those that queries in use ask for (`method`, and `status!~"5.*"`, as Flagger has
 * it), and no path: paths from outside are as many as outsiders like. Combinations are bound when
 * first seen, but GET 200, which is there at 0; beyond the bound their status is `other`.
 *
 * Budget: no allocation and < 20 ns in `record`. Owned by the route series of the inbound role.
 */
import { METHOD } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Family } from './family.ts';
import type { HistogramSeries } from './series.ts';

export type PlainFamily = Family<'method' | 'status', HistogramSeries>;

/** By METHOD. What is refused before it is routed has no method, and is not counted here. */
const METHOD_WORDS: readonly string[] = Object.entries(METHOD).map(([name, id]) =>
  id === METHOD.OTHER || id === METHOD.TRACE || id === METHOD.CONNECT ? 'other' : name,
);
export const METHOD_LABELS: readonly string[] = [...new Set(METHOD_WORDS)];

/** Status codes have three digits. */
const STATUSES = 1_000;

export class PlainSeries {
  readonly #family: PlainFamily;
  readonly #keys: number[] = [];
  readonly #series: HistogramSeries[] = [];
  #key: number;
  #current: HistogramSeries;

  constructor(family: PlainFamily) {
    this.#family = family;
    this.#key = METHOD.GET * STATUSES + 200;
    this.#current = this.#bind(this.#key);
  }

  /** A METHOD, and how it went. */
  record(method: number, status: number, latencyMs: number): void {
    const key = method * STATUSES + status;
    if (key !== this.#key) this.#choose(key);
    this.#current.observe(latencyMs);
  }

  /** As the same of the request recorded last. */
  wantsExemplar(latencyMs: number, epochSeconds: number): boolean {
    return this.#current.wantsExemplar(latencyMs, epochSeconds);
  }

  /** Of the request recorded last. */
  exemplify(latencyMs: number, traceId: string, epochSeconds: number): void {
    this.#current.exemplify(latencyMs, traceId, epochSeconds);
  }

  drop(nowMs: number): void {
    for (const series of this.#series) this.#family.release(series, nowMs);
  }

  #choose(key: number): void {
    this.#key = key;
    const known = this.#keys.indexOf(key);
    this.#current = known === -1 ? this.#bind(key) : this.#series[known]!;
  }

  #bind(key: number): HistogramSeries {
    const isCounted = this.#series.length < limits.statusSeriesMax;
    const method = METHOD_WORDS[Math.floor(key / STATUSES)]!;
    const status = isCounted ? String(key % STATUSES) : 'other';
    const series = this.#family.bind({ method, status });
    this.#keys.push(key);
    this.#series.push(series);
    return series;
  }
}
