/** Shares of a window, and whether latency followed what was in flight. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LatencySamples } from './latency-samples.ts';

function samplesOf(pairs: readonly (readonly [number, number])[], samplesMax = 64): LatencySamples {
  const samples = new LatencySamples(samplesMax);
  for (const [rttMs, inFlight] of pairs) samples.add(rttMs, inFlight);
  return samples;
}

describe('the samples of a window', () => {
  test('know their shares by rank, not by order', () => {
    const samples = samplesOf([
      [30, 1],
      [10, 9],
      [20, 5],
      [40, 7],
    ]);
    assert.equal(samples.rttAtMs(0.1), 10);
    assert.equal(samples.rttAtMs(0.25), 20);
    assert.equal(samples.inFlightAt(0.25), 5);
    assert.equal(samples.meanMs, 25);
  });

  test('cover the whole window where there are more than fit', () => {
    const samples = samplesOf(
      Array.from({ length: 1_000 }, (_, i) => [i, 1] as const),
      16,
    );
    assert.equal(samples.added, 1_000);
    assert.equal(samples.meanMs, 499.5);
    assert(samples.rttAtMs(0) < 150 && samples.rttAtMs(1) > 850);
  });

  test('rise by the share of pairs of which the later took longer', () => {
    const rising = (...rtts: number[]) => samplesOf(rtts.map((ms) => [ms, 1] as const)).rising();
    assert.equal(rising(1, 2, 3, 4, 5), 1);
    assert.equal(rising(2, 1, 3, 4, 5), 0.9);
    assert.equal(rising(5, 4, 3, 2, 1), 0);
    assert.equal(rising(1, 1), 0); // As long is not longer.
  });

  test('begin anew when cleared', () => {
    const samples = samplesOf(
      Array.from({ length: 100 }, () => [900, 50] as const),
      16,
    );
    samples.clear();
    samples.add(7, 3);
    assert.deepEqual([samples.added, samples.meanMs, samples.rttAtMs(1)], [1, 7, 7]);
  });
});

describe('elasticity', () => {
  test('is 1 where latency doubles with what is in flight, and 0 where it stays', () => {
    const queue = Array.from(
      { length: 20 },
      (_, i) => (i < 10 ? [20, 4] : [40, 8]) as [number, number],
    );
    assert.equal(samplesOf(queue).elasticity(), 1);
    const slow = queue.map(([, inFlight]) => [40, inFlight] as const);
    assert.equal(samplesOf(slow).elasticity(), 0);
  });

  test('cannot be told from few samples, or from all alike', () => {
    assert(
      Number.isNaN(
        samplesOf([
          [5, 1],
          [50, 10],
        ]).elasticity(),
      ),
    );
    const alike = Array.from({ length: 20 }, (_, i) => [i, 10 + (i % 3)] as const);
    assert(Number.isNaN(samplesOf(alike).elasticity()));
  });

  test('property: is the same in any unit of time', () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 100 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 8, maxLength: 64 }), (pairs) => {
        const inMs = samplesOf(pairs).elasticity();
        const inUs = samplesOf(pairs.map(([ms, n]) => [ms * 1_000, n] as const)).elasticity();
        assert(Number.isNaN(inMs) ? Number.isNaN(inUs) : Math.abs(inMs - inUs) < 1e-6);
      }),
    );
  });
});
