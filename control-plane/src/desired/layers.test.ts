import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import fc from 'fast-check';
import { ejectionOver, over, retryOver } from './layers.ts';

const { retry, ejection } = resilienceDefaults;

describe('a layer', () => {
  test('overrides what it says and leaves the rest', () => {
    const under = { a: 1, b: 2, c: 3 };
    assert.deepEqual(over(under, { a: 0, b: undefined }), { a: 0, b: 2, c: 3 });
    assert.equal(over(under, undefined), under);
  });

  test('that says one end of a range moves the other, and keeps it where it fits', () => {
    const slow = retryOver(retry, { backoffBaseMs: 1_000 });
    assert.deepEqual([slow.backoffBaseMs, slow.backoffMaxMs], [1_000, 1_000]);
    const quick = retryOver(retry, { backoffMaxMs: 5 });
    assert.deepEqual([quick.backoffBaseMs, quick.backoffMaxMs], [5, 5]);
    const fits = ejectionOver(ejection, { penaltyMs: 2_000 });
    assert.deepEqual([fits.penaltyMs, fits.penaltyMaxMs], [2_000, ejection.penaltyMaxMs]);
    const short = ejectionOver(ejection, { penaltyMaxMs: 500 });
    assert.deepEqual([short.penaltyMs, short.penaltyMaxMs], [500, 500]);
  });

  test('lists statuses in their order, each once, so that the same means the same version', () => {
    const { statuses } = retryOver(retry, { statuses: [503, 429, 503, 502] });
    assert.deepEqual(statuses, [429, 502, 503]);
  });
});

/** As a schema lets them through: in order where both are said. */
const range = fc.tuple(fc.option(fc.nat(1_000)), fc.option(fc.nat(1_000))).map(([low, high]) => {
  if (low === null || high === null) return [low ?? undefined, high ?? undefined] as const;
  return [Math.min(low, high), Math.max(low, high)] as const;
});

test('property: whatever layers say, a range is in order and its last word holds', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 5 }), (layers) => {
      let merged = retry;
      for (const [backoffBaseMs, backoffMaxMs] of layers) {
        merged = retryOver(merged, { backoffBaseMs, backoffMaxMs });
        assert.ok(merged.backoffBaseMs <= merged.backoffMaxMs);
        if (backoffBaseMs !== undefined) assert.equal(merged.backoffBaseMs, backoffBaseMs);
        if (backoffMaxMs !== undefined) assert.equal(merged.backoffMaxMs, backoffMaxMs);
      }
    }),
  );
});
