/**
 * Time, handed in, so that leases and caches can be tested without waiting.
 *
 * Two times, since neither will do alone: the monotonic one never jumps, but may stand still while
 * a machine is suspended; the wall clock is what other machines and tokens speak of, and jumps.
 */

export interface Clock {
  /** Monotonic, in milliseconds, with fractions. */
  nowMs(): number;
  /** The wall clock, in milliseconds since 1970. */
  wallMs(): number;
}

export const systemClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** A clock for tests, moved by hand. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #wallMs = Date.UTC(2026, 0, 1);

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  advanceMs(ms: number): void {
    this.#nowMs += ms;
    this.#wallMs += ms;
  }

  /** What a suspended machine sees when it wakes. */
  advanceWallMs(ms: number): void {
    this.#wallMs += ms;
  }
}
