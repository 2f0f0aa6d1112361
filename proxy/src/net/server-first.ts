/**
 * Which destinations speak before their clients do, as was seen: a connection there need not wait
 * for the client's first bytes, which would come after the server's.
 *
 * Only that is remembered of what was detected: a client that was silent, or spoke something else,
 * says nothing of the next one.
 *
 * Pure but for the injected clock. Bounds: `serverFirstMax` and `serverFirstMs`; the oldest goes
 * first, and is learned again at the price of one wait. Asked by `intercepted.ts`.
 */
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';

export class ServerFirst {
  readonly #clock: Clock;
  /** Until when, oldest first. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(key: string): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.nowMs()) return true;
    this.#untilMs.delete(key);
    return false;
  }

  add(key: string): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.#clock.nowMs() + limits.serverFirstMs);
    if (this.#untilMs.size <= limits.serverFirstMax) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      return;
    }
  }
}
