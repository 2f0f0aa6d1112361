/** Claims about reconnecting: spread out, bounded both ways, slower with each failure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limits } from '../limits.ts';
import { reconnectDelayMs } from './backoff.ts';

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

  test('spreads over twice as much with each failure, up to the ceiling', () => {
    const widest = [1, 2, 3, 20].map((failures) => reconnectDelayMs(failures, () => 1));
    assert.deepEqual(widest, [200, 400, 800, limits.configReconnectMaxMs]);
  });
});
