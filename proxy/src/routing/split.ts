/**
 * Which backend of a rule a request goes to: by weight, and by user where the rule is sticky.
 *
 * Sticky is weighted rendezvous: each backend scores -weight / ln(u) with u from hash(salt, user,
 * backend), the highest wins. Raising one weight only raises that backend's scores, so users move
 * to it and to nowhere else; cumulative intervals would move the users of other backends. A request
 * without a key is split by chance.
 *
 * Pure: chance is handed in. Budget: no allocation, O(backends). Called once per exchange.
 */
import type { StickyConfig } from '@remora/api/wire.ts';
import type { Head } from '../http1/head.ts';
import { KeyHash, RequestKey, unitInterval } from './request-key.ts';

export interface SplitTarget {
  /** What stays the same while weights change: the backend's key. */
  readonly key: string;
  readonly weight: number;
}

/** All weights are 0, or there are no targets. */
export const NO_TARGET = -1;

export class Split {
  readonly #weights: Float64Array;
  /** Sums of the weights up to and with each target. */
  readonly #sums: Float64Array;
  readonly #total: number;
  readonly #lastWeighted: number;
  readonly #hashes: readonly KeyHash[];
  readonly #key: RequestKey | null;

  constructor(targets: readonly SplitTarget[], sticky: StickyConfig | null) {
    this.#weights = Float64Array.from(targets, (target) => target.weight);
    let total = 0;
    this.#sums = this.#weights.map((weight) => (total += weight));
    this.#total = total;
    this.#lastWeighted = this.#weights.findLastIndex((weight) => weight > 0);
    this.#hashes = targets.map((target, index) => hashOf(target.key, occurrence(targets, index)));
    this.#key = sticky === null ? null : new RequestKey(sticky.key, sticky.salt);
  }

  /** Index of the target, or NO_TARGET. `chance` is from 0 to less than 1. */
  choose(head: Head, peer: string, chance: number): number {
    if (this.#lastWeighted === NO_TARGET) return NO_TARGET;
    if (this.#key?.read(head, peer)) return this.#highestScore(this.#key.hash);
    const point = chance * this.#total;
    for (let index = 0; index < this.#lastWeighted; index++) {
      if (point < this.#sums[index]!) return index;
    }
    // Also where rounding made `point` the total itself.
    return this.#lastWeighted;
  }

  /** By what the request is kept with a backend; null: by nothing, chance decides. Allocates. */
  cohort(head: Head, peer: string): { readonly by: string; readonly key: string } | null {
    return this.#key?.read(head, peer) === true ? this.#key.describe(head, peer) : null;
  }

  /** As `choose`, among those whose place in `alive` is 1. Not for every request. */
  chooseAmong(head: Head, peer: string, chance: number, alive: Uint8Array): number {
    if (this.#key?.read(head, peer)) return this.#highestScore(this.#key.hash, alive);
    let total = 0;
    for (let index = 0; index <= this.#lastWeighted; index++) {
      total += this.#weights[index]! * alive[index]!;
    }
    let point = chance * total;
    let last = NO_TARGET;
    for (let index = 0; index <= this.#lastWeighted; index++) {
      const weight = this.#weights[index]! * alive[index]!;
      if (weight === 0) continue;
      last = index;
      if (point < weight) break;
      point -= weight;
    }
    return last;
  }

  #highestScore(key: KeyHash, alive: Uint8Array | null = null): number {
    let best = NO_TARGET;
    let bestScore = 0;
    for (let index = 0; index <= this.#lastWeighted; index++) {
      const weight = this.#weights[index]!;
      if (weight === 0 || (alive !== null && alive[index] === 0)) continue;
      const score = -weight / Math.log(unitInterval(key, this.#hashes[index]!));
      if (score > bestScore) {
        best = index;
        bestScore = score;
      }
    }
    return best;
  }
}

/** How many earlier targets have the same key: two entries of one backend must not score alike. */
function occurrence(targets: readonly SplitTarget[], index: number): number {
  const key = targets[index]!.key;
  return targets.slice(0, index).filter((target) => target.key === key).length;
}

function hashOf(key: string, seed: number): KeyHash {
  const hash = new KeyHash();
  hash.start(seed);
  hash.text(key);
  return hash;
}
