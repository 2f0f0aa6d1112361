/**
 * Views of the bytes that heads are collected from, kept by their length.
 *
 * To copy a part of a buffer needs a view of it, and making one costs more than the copy. Heads
 * come from one shared buffer, at one place in it, and those of a service are of a few lengths: so
 * the views of one place are kept. It moves when it has been elsewhere for a while.
 *
 * A memo: pure but for what it keeps. Bound: `collectViews`, and the one buffer that they are of.
 */
import * as limits from '../limits.ts';
import { LengthViews } from './length-views.ts';

const NOTHING = new Uint8Array(0);

export class CollectViews {
  #from: Uint8Array = NOTHING;
  #start = 0;
  #misses = 0;
  readonly #views = new LengthViews(limits.collectViews);

  /** `from`, from `start` to `end`. */
  of(from: Uint8Array, start: number, end: number): Uint8Array {
    const isElsewhere = from !== this.#from || start !== this.#start;
    if (isElsewhere && !this.#moves(from, start)) return from.subarray(start, end);
    this.#misses = 0;
    return this.#views.of(from, start, end);
  }

  #moves(from: Uint8Array, start: number): boolean {
    if (++this.#misses < limits.collectViewsMissesMax) return false;
    this.#from = from;
    this.#start = start;
    this.#views.clear();
    return true;
  }
}
