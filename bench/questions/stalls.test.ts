/** Claims about which slow answers are blamed on a swap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestTurns, stallsAround } from './stalls.ts';

test('an answer due around a swap is its fault, one due half a second later is not', () => {
  const slow = [
    [10_449, 7_000],
    [10_451, 9_000],
    [9_949, 3_000],
  ] as const;
  assert.deepEqual(stallsAround({ slow, maxUs: 9_000 }, [10_000]), {
    swapMaxMs: 7,
    swapMedianMs: 7,
    calmMaxMs: 9,
  });
});

test('a request that was waiting when the swap came counts', () => {
  const slow = [[9_960, 6_000]] as const;
  assert.equal(stallsAround({ slow, maxUs: 6_000 }, [10_000]).swapMaxMs, 6);
});

test('without a slow answer both are as good as the slowest of all', () => {
  assert.deepEqual(stallsAround({ slow: [], maxUs: 1_200 }, [1]), {
    swapMaxMs: 1.2,
    swapMedianMs: 1.2,
    calmMaxMs: 1.2,
  });
});

test('one slow swap among three is the maximum, not the median', () => {
  const slow = [[20_010, 8_000]] as const;
  const stalls = stallsAround({ slow, maxUs: 8_000 }, [10_000, 20_000, 30_000]);
  assert.equal(stalls.swapMaxMs, 8);
  assert.equal(stalls.swapMedianMs, 2);
});

test('the longest turn around a swap is told from the longest in the calm', () => {
  const turns = [
    { atMs: 900, longestMs: 7 },
    { atMs: 1_000, longestMs: 2 },
    { atMs: 1_400, longestMs: 3 },
    { atMs: 1_500, longestMs: 1 },
  ];
  const lines = turns.map((turn) => `${JSON.stringify(turn)}\n`).join('');
  assert.deepEqual(longestTurns(lines, [1_000]), { aroundMs: 3, calmMs: 7 });
  assert.equal(longestTurns(lines, [9_000]).aroundMs, null, 'nothing seen is not 0 ms');
});
