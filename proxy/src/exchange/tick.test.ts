/** What is done at the end of a turn of the loop. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock, systemClock, TurnClock } from '../clock.ts';
import { Tick, type TickJob } from './tick.ts';

class Job implements TickJob {
  epoch = 0;
  runs = 0;
  readonly next: (() => void) | null;

  constructor(next: (() => void) | null = null) {
    this.next = next;
  }

  onTick(): void {
    this.runs++;
    this.next?.();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a tick', () => {
  test('runs nothing inside the call that adds it', async () => {
    const tick = new Tick(new TurnClock(systemClock));
    const job = new Job();
    tick.add(job);
    assert.equal(job.runs, 0);
    await nextTurn();
    assert.equal(job.runs, 1);
  });

  test('passes over what has lived on since: a pooled object is another request then', async () => {
    const tick = new Tick(new TurnClock(systemClock));
    const job = new Job();
    tick.add(job);
    job.epoch++;
    await nextTurn();
    assert.equal(job.runs, 0);
  });

  test('leaves what is added while it runs to the next turn, and loses none of it', async () => {
    const tick = new Tick(new TurnClock(systemClock));
    const later = new Job();
    const first = new Job(() => tick.add(later));
    tick.add(first);
    await nextTurn();
    assert.deepEqual([first.runs, later.runs], [1, 0]);
    await nextTurn();
    await nextTurn();
    assert.deepEqual([first.runs, later.runs], [1, 1]);
  });

  test('holds the time for each job, and for nothing else', async () => {
    const time = new ManualClock();
    const clock = new TurnClock(time);
    const tick = new Tick(clock);
    const seen: number[] = [];
    const look = (): void => {
      seen.push(clock.nowMs());
      time.advanceMs(1);
      seen.push(clock.nowMs());
    };
    tick.add(new Job(look));
    tick.add(new Job(look));
    await nextTurn();
    look();
    assert.deepEqual(seen, [0, 0, 1, 1, 2, 3]);
  });
});
