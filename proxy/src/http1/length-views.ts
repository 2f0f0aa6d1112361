/**
 * Views of a buffer's part, kept by their length: making one costs more than finding it, and most
 * messages of a service are of a few lengths.
 *
 * A memo: all its views begin at one place of one buffer, until `clear`. Bound: one view a slot.
 */
const NOTHING = new Uint8Array(0);

export class LengthViews {
  readonly #views: Uint8Array[];

  /** `slots`: a power of two. */
  constructor(slots: number) {
    this.#views = Array.from({ length: slots }, () => NOTHING);
  }

  /** `from`, from `start` to `end`. */
  of(from: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    const at = length & (this.#views.length - 1);
    const kept = this.#views[at]!;
    if (kept.length === length) return kept;
    const view = from.subarray(start, end);
    this.#views[at] = view;
    return view;
  }

  /** Before another buffer, or another place in it. */
  clear(): void {
    this.#views.fill(NOTHING);
  }
}
