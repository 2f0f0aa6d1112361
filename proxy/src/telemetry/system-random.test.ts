/** Claims about random bytes: a buffer is filled whole, anew each time, device or not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemRandom } from './system-random.ts';

describe('random bytes', () => {
  for (const [what, device] of [
    ['of the system', undefined],
    ['where there is no device', '/nowhere/urandom'],
  ] as const) {
    test(`${what} fill the whole buffer, differently each time`, () => {
      const fill = systemRandom(device);
      const pools = [new Uint8Array(4_096), new Uint8Array(4_096)];
      for (const pool of pools) {
        fill(pool);
        assert(new Set(pool).size > 200, 'hardly any value occurs');
        assert(new Set(pool.subarray(-256)).size > 100, 'the end is not filled');
      }
      assert.notDeepEqual(pools[0], pools[1]);
    });
  }
});
