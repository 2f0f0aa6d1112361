/**
 * A server's workers and the queue before them: first in first out, and unaware of callers that
 * left, as most servers are.
 *
 * Completions are computed, not slept: a timer that fires a millisecond late delays one answer but
 * takes no capacity away, so a worker of 5 ms does exactly 200 a second. Frozen, nothing completes
 * and nothing is lost: the queue grows, and is worked off after the thaw.
 *
 * Owned by one endpoint. The clock is an argument, since what is promised is about late timers.
 */

export interface QueueClock {
  nowMs(): number;
  /** Calls back after a while; what it returns cancels that. */
  after(ms: number, call: () => void): () => void;
}

const realClock: QueueClock = {
  nowMs: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** Jobs that were started leave the list in lots: a shift each would move the whole queue. */
const STARTED_KEPT = 1_024;

interface Job {
  readonly serviceMs: number;
  readonly done: () => void;
}

interface Running extends Job {
  readonly endsAtMs: number;
}

export class WorkerQueue {
  readonly #waiting: Job[] = [];
  /** By `endsAtMs`, the next to end first. */
  readonly #running: Running[] = [];
  #workers: number;
  #head = 0;
  #frozen = false;
  readonly #clock: QueueClock;
  #cancel: () => void = () => {};

  /** 0 workers: no bound. */
  constructor(workers: number, clock: QueueClock = realClock) {
    this.#clock = clock;
    this.#workers = workers === 0 ? Number.POSITIVE_INFINITY : workers;
  }

  set workers(count: number) {
    this.#workers = count === 0 ? Number.POSITIVE_INFINITY : count;
  }

  add(serviceMs: number, done: () => void): void {
    this.#waiting.push({ serviceMs, done });
    this.#startWaiting(this.#clock.nowMs());
    this.#arm();
  }

  freeze(): void {
    this.#frozen = true;
    this.#cancel();
  }

  /** What was being worked on starts again: it had not been finished. */
  thaw(): void {
    this.#frozen = false;
    const nowMs = this.#clock.nowMs();
    const interrupted = this.#running.splice(0);
    for (const job of interrupted) this.#run(job, nowMs);
    this.#startWaiting(nowMs);
    this.#arm();
  }

  #startWaiting(fromMs: number): void {
    while (!this.#frozen && this.#running.length < this.#workers) {
      const job = this.#waiting[this.#head];
      if (job === undefined) break;
      this.#head++;
      this.#run(job, fromMs);
    }
    if (this.#head <= STARTED_KEPT) return;
    this.#waiting.splice(0, this.#head);
    this.#head = 0;
  }

  #run(job: Job, fromMs: number): void {
    const running = { ...job, endsAtMs: fromMs + job.serviceMs };
    let at = this.#running.length;
    while (at > 0 && this.#running[at - 1]!.endsAtMs > running.endsAtMs) at--;
    this.#running.splice(at, 0, running);
  }

  #arm(): void {
    this.#cancel();
    const next = this.#running[0];
    if (next === undefined || this.#frozen) return;
    const waitMs = Math.max(0, next.endsAtMs - this.#clock.nowMs());
    this.#cancel = this.#clock.after(waitMs, () => this.#complete());
  }

  #complete(): void {
    const nowMs = this.#clock.nowMs();
    while (!this.#frozen && this.#running.length > 0 && this.#running[0]!.endsAtMs <= nowMs) {
      const { done, endsAtMs } = this.#running.shift()!;
      done();
      // The worker was free then, not now.
      this.#startWaiting(endsAtMs);
    }
    this.#arm();
  }
}
