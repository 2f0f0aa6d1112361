/** Claims about `clock.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, wallClock } from './clock.ts';

test('the wall clock goes on by the monotonic one, in whole milliseconds', () => {
  const clock = new ManualClock();
  clock.advanceMs(500.4);
  let reads = 0;
  const wallMs = wallClock(clock, () => {
    reads++;
    return 1_700_000_000_000;
  });
  assert.equal(wallMs(500.4), 1_700_000_000_000);
  assert.equal(wallMs(500.4 + 20.5), 1_700_000_000_020);
  assert.equal(wallMs(500.4 + 999), 1_700_000_000_999);
  assert.equal(reads, 1);
});

test('a time that was held is as long ago on the wall clock', () => {
  const clock = new ManualClock();
  clock.advanceMs(500);
  assert.equal(wallClock(clock, () => 9_000)(480), 8_980);
});

test('a wall clock that was set is followed after a second', () => {
  const clock = new ManualClock();
  let setMs = 5_000_000;
  const wallMs = wallClock(clock, () => setMs);
  assert.equal(wallMs(clock.nowMs()), 5_000_000);
  setMs = 1_000;
  clock.advanceMs(1_000);
  assert.equal(wallMs(clock.nowMs()), 1_000);
});
