/** Claims about sliced work: it lets the loop turn, and fails as plain work does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { runSliced } from './slices.ts';

describe('sliced work', () => {
  test('lets others run once its slice is over', async () => {
    const clock = new ManualClock();
    let turns = 0;
    const count = setImmediate(function again() {
      turns++;
      setImmediate(again).unref();
    });
    function* work(): Generator<void, string> {
      for (let step = 0; step < 10; step++) {
        clock.advanceMs(limits.compileSliceMs);
        yield;
      }
      return 'done';
    }
    assert.equal(await runSliced(work(), clock), 'done');
    clearImmediate(count);
    assert(turns >= 9, `${turns} turns`);
  });

  test('that is short ends within the call', () => {
    let ended = false;
    function* work(): Generator<void, void> {
      yield;
      ended = true;
    }
    void runSliced(work(), new ManualClock());
    assert.equal(ended, true);
  });

  test('that throws is a promise that rejects', async () => {
    function* work(): Generator<void, void> {
      yield;
      throw new Error('the reason');
    }
    await assert.rejects(runSliced(work(), new ManualClock()), /the reason/);
  });
});
