/** Claims about the server that the scenarios stand on: its capacity, its order, its freezing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type QueueClock, WorkerQueue } from './worker-queue.ts';

/** Every timer fires a millisecond late, as real ones do. */
class LateClock implements QueueClock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly call: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms + 1, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  advanceTo(untilMs: number): void {
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#nowMs = next.atMs;
      next.call();
    }
    this.#nowMs = untilMs;
  }
}

test('late timers take no capacity away: a worker of 5 ms does 200 a second', () => {
  const clock = new LateClock();
  const queue = new WorkerQueue(1, clock);
  let done = 0;
  for (let job = 0; job < 1_000; job++) queue.add(5, () => done++);
  clock.advanceTo(4_001);
  assert.equal(done, 800);
});

test('an idle worker saves nothing up', () => {
  const clock = new LateClock();
  const queue = new WorkerQueue(1, clock);
  clock.advanceTo(1_000);
  let done = 0;
  for (let job = 0; job < 10; job++) queue.add(5, () => done++);
  clock.advanceTo(1_004);
  assert.equal(done, 0);
  clock.advanceTo(1_051);
  assert.equal(done, 10);
});

test('frozen, nothing completes; thawed, everything does, in order', () => {
  const clock = new LateClock();
  const queue = new WorkerQueue(1, clock);
  const done: number[] = [];
  queue.add(5, () => done.push(0));
  queue.freeze();
  for (const job of [1, 2, 3]) queue.add(5, () => done.push(job));
  clock.advanceTo(10_000);
  assert.deepEqual(done, []);
  queue.thaw();
  clock.advanceTo(10_021);
  assert.deepEqual(done, [0, 1, 2, 3]);
});

test('as many jobs run at once as there are workers', () => {
  const clock = new LateClock();
  const queue = new WorkerQueue(2, clock);
  const done: number[] = [];
  for (const [job, ms] of [60, 10, 10].entries()) queue.add(ms, () => done.push(job));
  clock.advanceTo(21);
  assert.deepEqual(done, [1, 2]);
  clock.advanceTo(61);
  assert.deepEqual(done, [1, 2, 0]);
});
