/**
 * What is to be done at the end of this turn of the loop, once, for all requests together.
 *
 * Connections are leased and heads written in the check phase: by then every close that this poll
 * brought is known, and a FIN that was already in the kernel can't make a request fail. It is also
 * where a leaf's completion goes that came from inside a call of the exchange.
 *
 * Not pure: `setImmediate`. Budget: no allocation per exchange. Owned by `proxy.ts`.
 */
import type { TurnClock } from '../clock.ts';

/** Something pooled: ignored if it lived on since it was queued. */
export interface TickJob {
  epoch: number;
  onTick(): void;
}

export class Tick {
  #jobs: TickJob[] = [];
  #epochs: number[] = [];
  #spareJobs: TickJob[] = [];
  #spareEpochs: number[] = [];
  #isScheduled = false;
  readonly #clock: TurnClock;
  readonly #drain = (): void => this.#onCheck();

  constructor(clock: TurnClock) {
    this.#clock = clock;
  }

  add(job: TickJob): void {
    this.#jobs.push(job);
    this.#epochs.push(job.epoch);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#drain);
  }

  #onCheck(): void {
    const jobs = this.#jobs;
    const epochs = this.#epochs;
    // What is added while draining waits for the next turn, so that one turn always ends.
    this.#jobs = this.#spareJobs;
    this.#epochs = this.#spareEpochs;
    this.#isScheduled = false;
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      if (job.epoch === epochs[i]) this.#run(job);
    }
    jobs.length = 0;
    epochs.length = 0;
    this.#spareJobs = jobs;
    this.#spareEpochs = epochs;
  }

  /** Each at its own time: the last of many is sent later than the first. */
  #run(job: TickJob): void {
    this.#clock.hold();
    try {
      job.onTick();
    } finally {
      this.#clock.letGo();
    }
  }
}
