/**
 * Tells answers that a swap made slow from those that were slow anyway.
 *
 * Swaps come once a second; the half second around each is its window, the rest is calm. The same
 * run is its own control: a machine that stalls by itself shows in the calm maximum too.
 *
 * Turns of the loop, in CPU time, are told apart the same way. Pure. Called by `table.ts`.
 */
import { type GeneratorReport, SLOW_US } from '../load/generator.ts';
import { median } from '../statistics.ts';

export interface Stalls {
  /** The slowest answer due in a window. */
  readonly swapMaxMs: number;
  /** The slowest of each window, and of these the median: what every swap costs. */
  readonly swapMedianMs: number;
  /** The slowest answer due outside of them. */
  readonly calmMaxMs: number;
}

/** A request due shortly before the swap may still be waiting when it comes. */
const BEFORE_MS = 50;
const AFTER_MS = 450;

/** From `turn-meter.ts`: the longest around the swaps (null: none was seen), and in the calm. */
export function longestTurns(
  lines: string,
  swapsAtMs: readonly number[],
): { readonly aroundMs: number | null; readonly calmMs: number } {
  const longest: { aroundMs: number | null; calmMs: number } = { aroundMs: null, calmMs: 0 };
  for (const line of lines.trim().split('\n')) {
    const { atMs, longestMs } = JSON.parse(line) as { atMs: number; longestMs: number };
    const isAround = swapsAtMs.some((at) => atMs >= at && atMs < at + AFTER_MS);
    const window = isAround ? 'aroundMs' : 'calmMs';
    longest[window] = Math.max(longest[window] ?? 0, longestMs);
  }
  return longest;
}

export function stallsAround(
  report: Pick<GeneratorReport, 'slow' | 'maxUs'>,
  swapsAtMs: readonly number[],
): Stalls {
  // Only slow answers carry their time: where there were none, this bounds them.
  const unseenUs = Math.min(report.maxUs, SLOW_US);
  const worstUs = swapsAtMs.map(() => unseenUs);
  let calmUs = unseenUs;
  for (const [dueAtMs, latencyUs] of report.slow) {
    const swap = swapsAtMs.findIndex(
      (atMs) => dueAtMs >= atMs - BEFORE_MS && dueAtMs < atMs + AFTER_MS,
    );
    if (swap === -1) calmUs = Math.max(calmUs, latencyUs);
    else worstUs[swap] = Math.max(worstUs[swap]!, latencyUs);
  }
  return {
    swapMaxMs: Math.max(...worstUs) / 1000,
    swapMedianMs: median(worstUs) / 1000,
    calmMaxMs: calmUs / 1000,
  };
}
