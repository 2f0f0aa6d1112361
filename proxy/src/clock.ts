/**
 * Time and chance, handed in, so that every policy can be tested without waiting or luck.
 *
 * Monotonic milliseconds: the wall clock jumps. Read once per turn and never held across turns. The
 * timer wheel is in `timer-wheel.ts`.
 */
import { performance } from 'node:perf_hooks';

export interface Clock {
  /** Monotonic, in milliseconds, with fractions. */
  nowMs(): number;
}

/** From 0 to less than 1. */
export type Chance = () => number;

// The import is a constant; the global is looked up, by a getter, each time.
export const systemClock: Clock = { nowMs: () => performance.now() };

/** `#heldMs` while the time goes on. */
const RUNNING = -1;

/**
 * Time that stands still while a turn is held: the bytes of one socket, one job of the tick. What a
 * turn does happens at one time, and ten readings a request were 3% of what it costs. Whoever holds
 * none reads the time that is. What measures itself, as a loop in slices does, needs `systemClock`.
 */
export class TurnClock implements Clock {
  readonly #clock: Clock;
  #heldMs = RUNNING;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#heldMs === RUNNING ? this.#clock.nowMs() : this.#heldMs;
  }

  /** Turns are not nested. Whoever holds one lets it go, whatever is thrown. */
  hold(): void {
    this.#heldMs = this.#clock.nowMs();
  }

  letGo(): void {
    this.#heldMs = RUNNING;
  }
}

const WALL_SYNC_MS = 1_000;

/** Milliseconds since 1970 at a time of the monotonic clock. */
export type WallMs = (nowMs: number) => number;

/**
 * The wall clock by the monotonic one: `Date` allocates and enters the runtime, half a microsecond
 * each time. A clock that was set is followed within `WALL_SYNC_MS`.
 */
export function wallClock(clock: Clock, read: () => number = Date.now): WallMs {
  let offsetMs = 0;
  let syncAtMs = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    if (nowMs >= syncAtMs) {
      offsetMs = read() - clock.nowMs();
      syncAtMs = nowMs + WALL_SYNC_MS;
    }
    return Math.floor(nowMs + offsetMs);
  };
}

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
