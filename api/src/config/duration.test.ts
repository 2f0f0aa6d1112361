import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { duration, formatDuration, parseDuration } from './duration.ts';

describe('a duration', () => {
  test('is a whole number and its unit', () => {
    const texts = ['0s', '250ms', '10s', '1m', '2h'];
    assert.deepEqual(texts.map(parseDuration), [0, 250, 10_000, 60_000, 7_200_000]);
  });

  for (const text of ['', '10', '1.5s', '-1s', '1m30s', '10 s', '01s', 's', '1d', '1S', '٣s']) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), null));
  }

  test('property: is the same number after it was written and read', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), (ms) => {
        assert.equal(parseDuration(formatDuration(ms)), ms);
      }),
    );
  });

  test('is written in its largest whole unit', () => {
    assert.deepEqual([0, 999, 1_000, 90_000, 60_000, 3_600_000].map(formatDuration), [
      '0s',
      '999ms',
      '1s',
      '90s',
      '1m',
      '1h',
    ]);
  });

  test('is within its limits, which are part of them', () => {
    const setting = duration({ minMs: 100, maxMs: 1_000, doc: 'A.' });
    assert.equal(setting.parse('100ms'), 100);
    assert.equal(setting.parse('1s'), 1_000);
    assert.equal(setting.safeParse('99ms').success, false);
    assert.equal(setting.safeParse('1001ms').success, false);
  });
});
