/**
 * A clock that jumps from event to event, and the proxy's timer wheel on it.
 *
 * Tests only: a minute of traffic passes in a fraction of a second, the same for the same seed.
 */
import type { Clock } from '../../clock.ts';
import { TimerWheel } from '../../timer-wheel.ts';

export interface Job {
  readonly atMs: number;
  readonly order: number;
  /** Null: cancelled. */
  run: (() => void) | null;
}

export class VirtualTime implements Clock {
  #nowMs = 0;
  #order = 0;
  /** A binary heap, the next job first. */
  readonly #jobs: Job[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Job {
    const job = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(job);
    return job;
  }

  newWheel(): TimerWheel {
    let armed: Job | null = null;
    return new TimerWheel(this, (delayMs, wake) => {
      if (armed !== null) armed.run = null;
      armed = this.after(delayMs, wake);
    });
  }

  runUntil(endMs: number): void {
    while (this.#jobs.length > 0 && this.#jobs[0]!.atMs <= endMs) {
      const job = this.#pop();
      this.#nowMs = job.atMs;
      job.run?.();
    }
    this.#nowMs = endMs;
  }

  #push(job: Job): void {
    const jobs = this.#jobs;
    let at = jobs.push(job) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(jobs[parent]!, job)) break;
      jobs[at] = jobs[parent]!;
      at = parent;
    }
    jobs[at] = job;
  }

  #pop(): Job {
    const jobs = this.#jobs;
    const first = jobs[0]!;
    const last = jobs.pop()!;
    const size = jobs.length;
    if (size === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(jobs[child + 1]!, jobs[child]!)) child++;
      if (isBefore(last, jobs[child]!)) break;
      jobs[at] = jobs[child]!;
      at = child;
    }
    jobs[at] = last;
    return first;
  }
}

function isBefore(one: Job, other: Job): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
