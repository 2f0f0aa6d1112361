/** Claims about the histogram that every latency figure goes through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

const samples = fc.array(fc.integer({ min: 0, max: 50_000_000 }), { minLength: 1 });

test('property: every quantile is at most 0.8% above the true one, and never below', () => {
  fc.assert(
    fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, quantile) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
      const got = histogram.quantile(quantile);
      assert.ok(got >= exact && got <= exact * 1.008 + 0.5, `${got} for ${exact}`);
    }),
  );
});

test('the slowest answer is kept exactly, however slow', () => {
  const histogram = new Histogram();
  histogram.record(10);
  histogram.record(1e12);
  assert.equal(histogram.max, 1e12);
  assert.equal(histogram.quantile(0.5), 10);
});

test('an empty histogram has no quantile', () => {
  assert.ok(Number.isNaN(new Histogram().quantile(0.99)));
});

test('the mean and the count are those of the samples', () => {
  const histogram = new Histogram();
  histogram.record(1);
  histogram.record(3);
  assert.equal(histogram.mean, 2);
  assert.equal(histogram.total, 2);
});
