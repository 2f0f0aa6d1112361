/** Claims about percentiles of few values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile } from './percentile.ts';

test('a percentile is a value that was measured, in whatever order they came', () => {
  assert.equal(percentile([30, 10, 20, 40], 0.5), 20);
  assert.equal(percentile([5], 0.99), 5);
});

test('p99 of sixty changes is the worst of them', () => {
  const values = Array.from({ length: 60 }, (_, at) => at);
  assert.equal(percentile(values, 0.99), 59);
});

test('no values have no percentile that could pass a bar', () => {
  assert(Number.isNaN(percentile([], 0.5)));
});
