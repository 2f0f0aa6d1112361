/**
 * Tells answers that a swap made slow from those that were slow anyway.
 *
 * Swaps come once a second; the half second around each is its window, the rest is calm. The same
 * run is its own control: a machine that stalls by itself shows in the calm maximum too.
 *
 * Pure. Called by `table.ts`.
 */
import type { GeneratorReport } from '../load/generator.ts';

export interface Stalls {
  /** The slowest answer due in a window. */
  readonly swapMaxMs: number;
  /** The slowest answer due outside of them. */
  readonly calmMaxMs: number;
}

/** A request due shortly before the swap may still be waiting when it comes. */
const BEFORE_MS = 50;
const AFTER_MS = 450;

export function stallsAround(
  report: Pick<GeneratorReport, 'slow' | 'maxUs'>,
  swapsAtMs: readonly number[],
): Stalls {
  let swapUs = 0;
  let calmUs = 0;
  for (const [dueAtMs, latencyUs] of report.slow) {
    const isNearSwap = swapsAtMs.some(
      (atMs) => dueAtMs >= atMs - BEFORE_MS && dueAtMs < atMs + AFTER_MS,
    );
    if (isNearSwap) swapUs = Math.max(swapUs, latencyUs);
    else calmUs = Math.max(calmUs, latencyUs);
  }
  // Only slow answers carry their time: where there were none, the maximum of all bounds them.
  const fastest = Math.min(report.maxUs, 2_000);
  return { swapMaxMs: (swapUs || fastest) / 1000, calmMaxMs: (calmUs || fastest) / 1000 };
}
