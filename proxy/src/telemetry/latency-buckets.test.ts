/** Claims about latency buckets: the quick look-up is the definition. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LATENCY_BOUNDS_MS, LINKERD_MS } from './latency-buckets.ts';

function byDefinition(ms: number): number {
  const found = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return found === -1 ? LATENCY_BOUNDS_MS.length : found;
}

describe('the bucket of a latency', () => {
  test('property: is the first whose bound is not below it', () => {
    const latency = fc.oneof(
      fc.double({ min: 0, max: 120_000, noNaN: true }),
      fc.double({ min: 0, max: 60, noNaN: true }),
      fc.constantFrom(...LATENCY_BOUNDS_MS),
      fc.constantFrom(...LATENCY_BOUNDS_MS).map((bound) => bound + 1e-9),
    );
    fc.assert(
      fc.property(latency, (ms) => assert.equal(LINKERD_MS.bucketOf(ms), byDefinition(ms))),
    );
  });

  test('is right for every whole millisecond, and at both ends', () => {
    for (let ms = 0; ms <= 50_001; ms++)
      assert.equal(LINKERD_MS.bucketOf(ms), byDefinition(ms), `${ms}`);
    assert.equal(LINKERD_MS.bucketOf(-1), 0);
    assert.equal(LINKERD_MS.bucketOf(Number.POSITIVE_INFINITY), LATENCY_BOUNDS_MS.length);
  });

  test('has the bounds that dashboards made for Linkerd ask for', () => {
    const text = LATENCY_BOUNDS_MS.join(' ');
    assert.match(text, /^1 2 3 4 5 10 20 30 40 50 100 200 .* 5000 10000 .* 50000$/);
    assert.equal(LATENCY_BOUNDS_MS.length, 25);
  });
});
