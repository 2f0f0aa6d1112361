/**
 * Time and chance, handed in, so that every policy can be tested without waiting or luck.
 *
 * Monotonic milliseconds: the wall clock jumps. Read once per socket callback and never held across
 * callbacks. The timer wheel is in `timer-wheel.ts`.
 */

export interface Clock {
  /** Monotonic, in milliseconds, with fractions. */
  nowMs(): number;
}

/** From 0 to less than 1. */
export type Chance = () => number;

export const systemClock: Clock = { nowMs: () => performance.now() };

/** A clock for tests, moved by hand. */
export class ManualClock implements Clock {
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  advanceMs(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Mulberry32: a small seeded generator. Not for secrets. */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
