/**
 * Where the numbers of all series live: slots in chunks of one typed array each.
 *
 * Chunks never move and never shrink, so a bound handle keeps a chunk and an index for good and
 * counting is one addition to an array element. One growing array was refused: each handle would
 * have to look its array up again. What is given back is handed out again by size.
 *
 * Pure. Owned by the registry.
 */

const CHUNK_SLOTS = 4_096;

export interface Slots {
  readonly values: Float64Array;
  readonly at: number;
}

export class SlotStore {
  readonly #free = new Map<number, Slots[]>();
  #chunk = new Float64Array(CHUNK_SLOTS);
  #used = 0;

  /** `count` neighbouring slots, all 0. */
  take(count: number): Slots {
    const given = this.#free.get(count)?.pop();
    if (given !== undefined) {
      given.values.fill(0, given.at, given.at + count);
      return given;
    }
    if (this.#used + count > this.#chunk.length) {
      this.#chunk = new Float64Array(Math.max(CHUNK_SLOTS, count));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    return { values: this.#chunk, at };
  }

  giveBack(slots: Slots, count: number): void {
    const free = this.#free.get(count);
    if (free === undefined) this.#free.set(count, [slots]);
    else free.push(slots);
  }
}
