/** Claims about reconnecting: spread out, bounded both ways, slower with each failure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { openTimeoutMs, reconnectDelayMs } from './backoff.ts';

test('a stream has twice the time to open after each failure, up to a bound', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 99].map(openTimeoutMs), [
    ...[5_000, 10_000, 20_000, 40_000, 40_000, 40_000],
  ]);
});

describe('the delay before connecting again', () => {
  test('is never below the floor and never above the ceiling', () => {
    for (let failures = 1; failures < 2_000; failures++) {
      assert.equal(
        reconnectDelayMs(failures, () => 0),
        limits.configReconnectMinMs,
      );
      assert(reconnectDelayMs(failures, () => 0.999) < limits.configReconnectMaxMs);
    }
  });

  test('spreads the proxies of a lost replica over a second, evenly', () => {
    const chance = seededChance(7);
    const slots = new Array<number>(10).fill(0);
    for (let proxy = 0; proxy < 1_000; proxy++) {
      slots[Math.floor(reconnectDelayMs(1, chance) / 100)]!++;
    }
    assert(Math.max(...slots) < 150, `${slots}`);
  });

  test('spreads over twice as much with each failure, up to the ceiling', () => {
    const widest = [1, 2, 3, 20].map((failures) => reconnectDelayMs(failures, () => 1));
    assert.deepEqual(widest, [1_000, 2_000, 4_000, limits.configReconnectMaxMs]);
  });
});
