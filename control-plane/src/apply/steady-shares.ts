/**
 * Realised shares as they are shown: what was shown stays until a share has moved by a point.
 *
 * Shares tremble with every window. Written each time, a thousand routes under traffic would be a
 * hundred writes a second to the API server, for digits that mean nothing.
 *
 * Pure but for its memory. Owned by `status-keeper.ts`.
 */
import type { Realised } from '../desired/weights.ts';
import { splitKey } from '../publish/realised-splits.ts';
import * as limits from '../limits.ts';

const MOVED = 0.01;

export class SteadyShares {
  readonly #realised: Realised;
  readonly #shown = new Map<string, ReadonlyMap<string, number>>();

  constructor(realised: Realised) {
    this.#realised = realised;
  }

  of(destination: string, rule: string): ReadonlyMap<string, number> {
    const key = splitKey(destination, rule);
    const counts = this.#realised(destination, rule);
    const shown = this.#shown.get(key);
    if (shown !== undefined && !hasMoved(shown, counts)) return shown;
    if (shown === undefined && this.#shown.size >= limits.splitsMax) this.#shown.clear();
    this.#shown.set(key, counts);
    return counts;
  }
}

function hasMoved(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): boolean {
  const before = sumOf(from);
  const after = sumOf(to);
  if (before === 0 || after === 0) return before !== after;
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const moved = (from.get(key) ?? 0) / before - (to.get(key) ?? 0) / after;
    if (Math.abs(moved) >= MOVED) return true;
  }
  return false;
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
