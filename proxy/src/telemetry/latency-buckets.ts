/**
 * The buckets of response latency: Linkerd's bounds, so that dashboards and canary tools made for
 * it work here, found by one table look-up.
 *
 * The bounds are 1 to 5 and 10 to 50, again times 100 and, at the end, 1 to 5 times 10,000. So one
 * table for whole numbers up to 50 serves every decade. A loop over 25 bounds was refused: it costs
 * more than the rest of `record`.
 *
 * Pure. Used by `series.ts`. Budget: no allocation.
 */

const STEPS = [1, 2, 3, 4, 5] as const;
const DECADES = [1, 10, 100, 1_000, 10_000] as const;

/** Upper bounds in milliseconds, inclusive; one more bucket holds what is above. */
export const LATENCY_BOUNDS_MS: readonly number[] = DECADES.flatMap((decade) =>
  STEPS.map((step) => step * decade),
);

const PAIR_MAX = 50;
/** Bucket of a whole number up to 50 within a pair of decades. */
const TABLE: Uint8Array = Uint8Array.from({ length: PAIR_MAX + 1 }, (_, whole) =>
  Math.max(
    0,
    LATENCY_BOUNDS_MS.findIndex((bound) => whole <= bound),
  ),
);

/** Index of the bucket that `ms` falls into: the first whose bound is not below it. */
export function latencyBucket(ms: number): number {
  const whole = Math.ceil(ms);
  if (whole <= PAIR_MAX) return whole > 0 ? TABLE[whole]! : 0;
  if (whole <= PAIR_MAX * 100) return TABLE[Math.ceil(whole / 100)]! + 10;
  if (whole <= PAIR_MAX * 1_000) return TABLE[Math.ceil(whole / 10_000)]! + 20;
  return LATENCY_BOUNDS_MS.length;
}
