/**
 * The few statistics that the benchmarks use: medians, spreads, and ratios paired by round.
 *
 * Why medians: on a shared machine one bad round says nothing. Why paired ratios: both sides of a
 * round ran seconds apart, so what disturbed one disturbed the other, and the ratio of each round
 * is steadier than the ratio of two medians. Pure. Called by the questions.
 */

/** What a figure was over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** NaN for no values at all, so that a missing figure can never pass a bar. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function spreadOf(values: readonly number[]): Spread | null {
  const known = values.filter((value) => Number.isFinite(value));
  if (known.length === 0) return null;
  return {
    median: median(known),
    min: Math.min(...known),
    max: Math.max(...known),
    rounds: known.length,
  };
}

/** Ratio of each round that has both sides; a round without one of them says nothing. */
export function pairedRatios(over: readonly number[], under: readonly number[]): readonly number[] {
  const rounds = Math.min(over.length, under.length);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ratio = over[round]! / under[round]!;
    if (Number.isFinite(ratio) && ratio > 0) ratios.push(ratio);
  }
  return ratios;
}

/** Three significant digits: more would claim a precision that no benchmark has. */
export function round3(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : Number.NaN;
}
