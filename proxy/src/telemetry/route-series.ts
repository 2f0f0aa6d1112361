/**
 * What is counted for one route and backend: requests, answers by status, latency; of inbound ones
 * also in the plain dialect.
 *
 * Found again by its labels, so that it survives every change of configuration. Series by status
 * are bound when a status is first seen, but for the commonest: most routes know two or three. The
 * status seen last is tried first, since runs of one status are the rule.
 *
 * Budget: no allocation and < 60 ns in `record`, once per exchange. Made by `proxy-metrics.ts`.
 */
import { METHOD } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Family } from './family.ts';
import { LATENCY_BOUNDS_MS } from './latency-buckets.ts';
import { type PlainFamily, PlainSeries } from './plain-series.ts';
import type { HistogramSeries, Series } from './series.ts';

/** Empty: the label is left out. */
export interface RouteLabels {
  readonly direction: 'inbound' | 'outbound';
  readonly dst_service: string;
  readonly dst_namespace: string;
  readonly dst_port: string;
  /** A rule's id. */
  readonly route: string;
  /** A backend's key. */
  readonly backend: string;
}

/** Of the application, and of Remora. */
const FAILURES_SHOWN = [500, 503];

type RouteLabel = keyof RouteLabels;

export interface RouteFamilies {
  readonly requests: Family<RouteLabel>;
  readonly responses: Family<RouteLabel | 'status_code' | 'classification'>;
  /** Null: how long they take is not kept. */
  readonly latency: Family<RouteLabel, HistogramSeries> | null;
  /** Of inbound requests, in the dialect of applications; null: they are none of users. */
  readonly plain: PlainFamily | null;
}

export class RouteSeries {
  readonly labels: RouteLabels;
  /** How many compiled targets and rules count here. */
  uses = 0;
  idleSinceMs = 0;
  readonly #families: RouteFamilies;
  #requests: Series | null = null;
  #latency: HistogramSeries | null = null;
  #plain: PlainSeries | null = null;
  /** Of the status seen last: the status, negative where it failed. */
  #outcome = 0;
  #response: Series | null = null;
  readonly #outcomes: number[] = [];
  readonly #responses: Series[] = [];
  #isDropped = false;

  constructor(labels: RouteLabels, families: RouteFamilies) {
    this.labels = labels;
    this.#families = families;
  }

  /** One request that ended. `method`: a METHOD. */
  record(status: number, latencyMs: number, failed: boolean, method: number = METHOD.OTHER): void {
    if (this.#requests === null) this.show();
    if (this.#isDropped) return;
    this.#requests!.inc();
    this.#latency?.observe(latencyMs);
    const outcome = failed ? -status : status;
    if (outcome !== this.#outcome) this.#choose(outcome);
    this.#response!.inc();
    this.#plain?.record(method, status, latencyMs);
  }

  /** Whether the request recorded last is worth an exemplar: of many alike, one now and then. */
  wantsExemplar(latencyMs: number, epochSeconds: number): boolean {
    return (
      (this.#latency?.wantsExemplar(latencyMs, epochSeconds) ?? false) ||
      (this.#plain?.wantsExemplar(latencyMs, epochSeconds) ?? false)
    );
  }

  /** The trace of the request recorded last. Only for those that leave a record. */
  exemplify(latencyMs: number, traceId: string, epochSeconds: number): void {
    this.#latency?.exemplify(latencyMs, traceId, epochSeconds);
    this.#plain?.exemplify(latencyMs, traceId, epochSeconds);
  }

  get requests(): number {
    return this.#requests?.value ?? 0;
  }

  get failures(): number {
    let failures = 0;
    for (const [at, series] of this.#responses.entries()) {
      if (this.#outcomes[at]! < 0) failures += series.value;
    }
    return failures;
  }

  get successes(): number {
    return this.requests - this.failures;
  }

  /** Of all requests; null: there was none. */
  latencyMs(ratio: number): number | null {
    return this.#latency?.quantile(ratio) ?? null;
  }

  /** Requests that took at most so many milliseconds, not cumulated; the last bound is open. */
  latencyBuckets(): readonly (readonly [upToMs: number | null, count: number])[] {
    const bounds = [...LATENCY_BOUNDS_MS, null];
    return bounds.map((bound, index) => [bound, this.#latency?.bucket(index) ?? 0]);
  }

  /**
   * Makes the series visible at 0, with the commonest answers, good and bad: of a counter that
   * first appears at 1 PromQL's `rate` does not see the 1.
   */
  show(): void {
    if (this.#requests !== null || this.#isDropped) return;
    this.#requests = this.#families.requests.bind(this.labels);
    this.#latency = this.#families.latency?.bind(this.labels) ?? null;
    for (const status of FAILURES_SHOWN) this.#bindResponse(-status);
    this.#choose(200);
    const { plain } = this.#families;
    if (plain !== null && this.labels.direction === 'inbound') this.#plain = new PlainSeries(plain);
  }

  isIdle(nowMs: number): boolean {
    return this.uses === 0 && nowMs - this.idleSinceMs >= limits.seriesIdleMs;
  }

  /** For good: what is recorded after this is lost. */
  drop(): void {
    this.#isDropped = true;
    if (this.#requests === null) return;
    this.#families.requests.release(this.#requests, this.idleSinceMs);
    if (this.#latency !== null) this.#families.latency!.release(this.#latency, this.idleSinceMs);
    this.#plain?.drop(this.idleSinceMs);
    for (const series of this.#responses) {
      this.#families.responses.release(series, this.idleSinceMs);
    }
  }

  #choose(outcome: number): void {
    this.#outcome = outcome;
    const known = this.#outcomes.indexOf(outcome);
    this.#response = known === -1 ? this.#bindResponse(outcome) : this.#responses[known]!;
  }

  #bindResponse(outcome: number): Series {
    const isCounted = this.#responses.length < limits.statusSeriesMax;
    const series = this.#families.responses.bind({
      ...this.labels,
      status_code: isCounted ? String(Math.abs(outcome)) : 'other',
      classification: outcome < 0 ? 'failure' : 'success',
    });
    this.#outcomes.push(outcome);
    this.#responses.push(series);
    return series;
  }
}
