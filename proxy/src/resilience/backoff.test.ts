/** Claims about `backoff.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RetryConfig } from '@remora/api/wire-resilience.ts';
import { seededChance } from '../clock.ts';
import { backoffMs, NO_RETRY_AFTER, retryAfterMs, TOO_LONG, waitMs } from './backoff.ts';
import { responseOf } from './response-fixture.ts';

const config: RetryConfig = {
  retriesMax: 9,
  statuses: [],
  backoffBaseMs: 25,
  backoffMaxMs: 250,
};

describe('a backoff', () => {
  test('is bound by 25 ms, doubling to 250 ms', () => {
    const bounds = Array.from({ length: 8 }, (_, retries) => backoffMs(retries, config, () => 1));
    assert.deepEqual(bounds, [25, 50, 100, 200, 250, 250, 250, 250]);
    assert.equal(
      backoffMs(5_000, config, () => 1),
      250,
    );
  });

  test('is spread evenly from nothing to its bound', () => {
    const chance = seededChance(3);
    const tenths = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw++) {
      tenths[Math.floor(backoffMs(2, config, chance) / 10)]!++;
    }
    for (const count of tenths) assert.ok(Math.abs(count - 1_000) < 150, String(tenths));
  });
});

describe('a Retry-After', () => {
  const after = (value: string, status = 503) =>
    retryAfterMs(responseOf(status, [['Retry-After', value]]));

  test('of a 503 is heard, of no other status', () => {
    assert.equal(after('2'), 2_000);
    assert.equal(after('0'), 0);
    assert.equal(after('2', 429), NO_RETRY_AFTER);
    assert.equal(after('2', 500), NO_RETRY_AFTER);
    assert.equal(retryAfterMs(responseOf(503)), NO_RETRY_AFTER);
  });

  test('that is no whole number of seconds is not heard', () => {
    for (const value of ['', '-1', '1.5', '0x1', '1 ', 'Wed, 21 Oct 2015 07:28:00 GMT', '1,2']) {
      const heard = after(value);
      assert.equal(heard, value === '1 ' ? 1_000 : NO_RETRY_AFTER, value);
    }
  });

  test('is waited for in full, and then the jitter', () => {
    assert.equal(waitMs(20, NO_RETRY_AFTER), 20);
    assert.equal(waitMs(20, 2_000), 2_020);
    assert.equal(waitMs(20, 0), 20);
    assert.equal(waitMs(20, after('10')), 10_020);
  });

  test('beyond ten seconds is too long for any request, never cut short', () => {
    assert.equal(waitMs(20, after('11')), TOO_LONG);
    assert.equal(waitMs(20, after('9999999999999999999999')), TOO_LONG);
  });
});
