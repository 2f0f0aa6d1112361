/**
 * How long requests waited for admission, in buckets: only those that had to wait are counted.
 *
 * A histogram of its own, and not a metric handed in: this room knows no telemetry, and reading it
 * when scraped costs nothing between. Nothing is kept before somebody waits.
 *
 * Pure. Budget: no allocation after the first. Owned by `admission.ts`; shown by `telemetry/`.
 */

/** Upper bounds, inclusive; one more bucket is above. Nobody may wait longer than the last. */
export const WAIT_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];

export class WaitTimes {
  /** In milliseconds. */
  sum = 0;
  #counts: Float64Array | null = null;

  observe(ms: number): void {
    this.#counts ??= new Float64Array(WAIT_BOUNDS_MS.length + 1);
    let index = 0;
    while (index < WAIT_BOUNDS_MS.length && ms > WAIT_BOUNDS_MS[index]!) index++;
    this.#counts[index]!++;
    this.sum += ms;
  }

  /** Of the bucket alone, not of those below it. */
  bucket(index: number): number {
    return this.#counts?.[index] ?? 0;
  }
}
