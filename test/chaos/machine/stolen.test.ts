/** How much of the cores' time a host took, by what the kernel counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreTicksOf, stolenPercent } from './stolen.ts';

const stat = (line: string) => `${line}\ncpu0 1 2 3 4 5 6 7 8 9 10\nctxt 5\n`;

test('what was stolen is a share of all ticks, guests not counted twice', () => {
  const before = coreTicksOf(stat('cpu  100 0 50 800 0 0 0 50 40 0'));
  const after = coreTicksOf(stat('cpu  200 0 100 1500 0 0 0 200 90 0'));
  assert.deepEqual(before, { all: 1_000, stolen: 50 });
  assert.equal(stolenPercent(before, after), 15);
});

test('it is unknown where the kernel does not tell, or no time went by', () => {
  assert.equal(coreTicksOf(stat('cpu  1 2 3')), null);
  assert.equal(coreTicksOf('intr 1\n'), null);
  const once = coreTicksOf(stat('cpu  1 2 3 4 5 6 7 8 9 10'));
  assert.equal(stolenPercent(once, once), null);
  assert.equal(stolenPercent(null, once), null);
});
