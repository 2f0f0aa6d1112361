/**
 * A server with W workers, first in first out, that never notices a caller who has left.
 *
 * Its answers leave on the grain of a runtime's timers. `creditMs`: after idling it answers the
 * first so much faster, like a server that is paced by a schedule and not by its work.
 *
 * Tests only.
 */
import type { Call, Hop } from './call.ts';
import type { VirtualTime } from './virtual-time.ts';

const TIMER_GRAIN_MS = 1.06;

export interface ServerPlan {
  readonly workers: number;
  workMs(nowMs: number): number;
  readonly creditMs?: number;
  /** What a call waits for besides (other services), when its worker has done its part. */
  thenMs?(nowMs: number): number;
}

export class Server implements Hop {
  arrivals = 0;
  readonly #time: VirtualTime;
  readonly #plan: ServerPlan;
  readonly #queue: Call[] = [];
  #busy = 0;
  #frozenUntilMs = 0;
  #creditAtMs = Number.NEGATIVE_INFINITY;

  constructor(time: VirtualTime, plan: ServerPlan) {
    this.#time = time;
    this.#plan = plan;
  }

  freeze(forMs: number): void {
    this.#frozenUntilMs = this.#time.nowMs() + forMs;
    this.#time.after(forMs, () => this.#next());
  }

  arrive(call: Call): void {
    this.arrivals++;
    this.#queue.push(call);
    this.#next();
  }

  #next(): void {
    const nowMs = this.#time.nowMs();
    if (nowMs < this.#frozenUntilMs) return;
    while (this.#busy < this.#plan.workers && this.#queue.length > 0) {
      const call = this.#queue.shift()!;
      this.#busy++;
      this.#time.after(this.#workMs(nowMs), () => this.#done(call));
    }
  }

  #workMs(nowMs: number): number {
    const workMs = this.#plan.workMs(nowMs);
    const { creditMs } = this.#plan;
    if (creditMs === undefined) return Math.max(0.2, workMs);
    const dueMs = Math.max(nowMs + workMs - creditMs, this.#creditAtMs + workMs);
    this.#creditAtMs = dueMs;
    return Math.max(0.01, Math.ceil(dueMs / TIMER_GRAIN_MS) * TIMER_GRAIN_MS - nowMs);
  }

  #done(call: Call): void {
    const frozenMs = this.#frozenUntilMs - this.#time.nowMs();
    if (frozenMs > 0) {
      this.#time.after(frozenMs, () => this.#done(call));
      return;
    }
    this.#busy--;
    const thenMs = this.#plan.thenMs?.(this.#time.nowMs()) ?? 0;
    if (thenMs > 0) this.#time.after(thenMs, () => call.end(true));
    else call.end(true);
    this.#next();
  }
}
