/** Claims about the statistics that every published figure goes through. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { median, pairedRatios, round3, spreadOf } from './statistics.ts';

describe('a median', () => {
  test('is the middle value, or the mean of the two in the middle', () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([10, 1, 2, 9]), 5.5);
  });

  test('of numbers compares numbers, not their texts', () => {
    assert.equal(median([100, 20, 3]), 20);
  });

  test('of nothing is not a number, so it passes no bar', () => {
    assert.equal(median([]) <= 1, false);
  });

  test('property: has as many values on either side', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        assert.ok(below <= values.length / 2 && above <= values.length / 2);
      }),
    );
  });
});

describe('a paired ratio', () => {
  test('compares what ran in the same round', () => {
    assert.deepEqual(pairedRatios([1, 4], [2, 4]), [0.5, 1]);
  });

  test('leaves out a round that lacks one side', () => {
    assert.deepEqual(pairedRatios([1, Number.NaN, 3], [2, 2]), [0.5]);
    assert.deepEqual(pairedRatios([1], [0]), []);
  });
});

test('a spread ignores what was not measured', () => {
  assert.deepEqual(spreadOf([3, Number.NaN, 1]), { median: 2, min: 1, max: 3, rounds: 2 });
  assert.equal(spreadOf([Number.NaN]), null);
});

test('a published figure has three significant digits', () => {
  assert.equal(round3(0.123456), 0.123);
  assert.equal(round3(1234.5), 1230);
});
