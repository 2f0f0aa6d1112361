/**
 * A percentile by nearest rank: a value that was measured, never one in between. Pure.
 *
 * Used by `push`, whose tails are of few values.
 */

/** NaN for no values at all, so that a missing figure can never pass a bar. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}
