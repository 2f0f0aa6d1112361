/**
 * What one endpoint did of late: requests, failures and latency over a sliding window.
 *
 * Ten buckets, so that the window is right to a tenth and an answer costs a few additions; a list
 * of answers was refused, since it grows with the load. It expires by time and not by answers, else
 * it would remember an outage for hours. Latency is a mean of logarithms: an endpoint that is slow
 * is slow in most answers, and one upload of a minute must not look like it.
 *
 * Pure. Owned by `endpoint-health.ts`. Budget: no allocation after the first answer.
 */

const BUCKETS = 10;
/** Indexes into a bucket. */
const REQUESTS = 0;
const FAILURES = 1;
const MEASURED = 2;
const LOG_MS = 3;
const FIELDS = 4;

/** Below this, answers are equally fast: differences of microseconds are noise. */
const LATENCY_FLOOR_MS = 1;

export class SlidingWindow {
  readonly #bucketMs: number;
  readonly #buckets = new Float64Array(BUCKETS * FIELDS);
  readonly #totals = new Float64Array(FIELDS);
  /** Which tenth of time the newest bucket is, counted from the clock's zero. */
  #newest = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  get requests(): number {
    return this.#totals[REQUESTS]!;
  }

  get successRatio(): number {
    const requests = this.#totals[REQUESTS]!;
    return (requests - this.#totals[FAILURES]!) / requests;
  }

  /** Answers that the latency is a mean of. */
  get measured(): number {
    return this.#totals[MEASURED]!;
  }

  get latencyMs(): number {
    return Math.exp(this.#totals[LOG_MS]! / this.#totals[MEASURED]!);
  }

  /** A negative `rttMs` was not measured. */
  add(failed: boolean, rttMs: number, nowMs: number): void {
    this.expire(nowMs);
    this.#count(REQUESTS, 1);
    if (failed) return this.#count(FAILURES, 1);
    if (rttMs < 0) return;
    this.#count(MEASURED, 1);
    this.#count(LOG_MS, Math.log(Math.max(rttMs, LATENCY_FLOOR_MS)));
  }

  /** Forgets what is older than the window. */
  expire(nowMs: number): void {
    const newest = Math.floor(nowMs / this.#bucketMs);
    if (newest <= this.#newest) return;
    const first = Math.max(this.#newest + 1, newest - BUCKETS + 1);
    for (let bucket = first; bucket <= newest; bucket++) this.#drop(bucket % BUCKETS);
    this.#newest = newest;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#totals.fill(0);
  }

  #count(field: number, by: number): void {
    this.#buckets[(this.#newest % BUCKETS) * FIELDS + field]! += by;
    this.#totals[field]! += by;
  }

  #drop(bucket: number): void {
    for (let field = 0; field < FIELDS; field++) {
      this.#totals[field]! -= this.#buckets[bucket * FIELDS + field]!;
      this.#buckets[bucket * FIELDS + field] = 0;
    }
  }
}
