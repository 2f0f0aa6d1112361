/**
 * A server's workers and the queue before them: first in first out, and unaware of callers that
 * left, as most servers are.
 *
 * Completions are computed, not slept: a timer that fires a millisecond late delays one answer but
 * takes no capacity away, so a worker of 5 ms does exactly 200 a second. Frozen, nothing completes
 * and nothing is lost: the queue grows, and is worked off after the thaw.
 *
 * Owned by one endpoint.
 */

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
  #timer: NodeJS.Timeout | undefined;

  /** 0: no bound. */
  constructor(workers: number) {
    this.#workers = workers === 0 ? Number.POSITIVE_INFINITY : workers;
  }

  set workers(count: number) {
    this.#workers = count === 0 ? Number.POSITIVE_INFINITY : count;
  }

  add(serviceMs: number, done: () => void): void {
    this.#waiting.push({ serviceMs, done });
    this.#startWaiting(performance.now());
    this.#arm();
  }

  freeze(): void {
    this.#frozen = true;
    clearTimeout(this.#timer);
  }

  /** What was being worked on starts again: it had not been finished. */
  thaw(): void {
    this.#frozen = false;
    const nowMs = performance.now();
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
    clearTimeout(this.#timer);
    const next = this.#running[0];
    if (next === undefined || this.#frozen) return;
    const waitMs = Math.max(0, next.endsAtMs - performance.now());
    this.#timer = setTimeout(() => this.#complete(), waitMs);
  }

  #complete(): void {
    const nowMs = performance.now();
    while (!this.#frozen && this.#running.length > 0 && this.#running[0]!.endsAtMs <= nowMs) {
      const { done, endsAtMs } = this.#running.shift()!;
      done();
      // The worker was free then, not now.
      this.#startWaiting(endsAtMs);
    }
    this.#arm();
  }
}
