/** Claims about which requests an access log is about. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { recordOf } from './access-fixture.ts';
import { type AccessFilter, isError, isMatched, isSampled } from './access-filter.ts';

const EVERYTHING: AccessFilter = {
  ...{ mode: 'all', sample: 1, rule: null, status: null, method: null, path: null },
  ...{ minDurationMs: 0, direction: null },
};

function takes(filter: Partial<AccessFilter>, record: Partial<RequestRecord>): boolean {
  return isMatched({ ...EVERYTHING, ...filter }, recordOf(record));
}

describe('an error', () => {
  test('is what failed, and what Remora refused', () => {
    assert(isError(recordOf({ isFailed: true, status: 500 })));
    assert(isError(recordOf({ cause: 'RMR_RATE_LIMITED', status: 429 })));
    assert(!isError(recordOf({ status: 404 })));
  });

  test('is a client that waited and left, and none that left at once', () => {
    const waited = { status: 499, durationMs: limits.cancelMissMs };
    const impatient = { status: 499, durationMs: limits.cancelMissMs - 0.001 };
    for (const cause of [null, 'RMR_CLIENT_GONE'] as const) {
      assert(isError(recordOf({ ...waited, cause })));
      assert(!isError(recordOf({ ...impatient, cause })));
    }
    assert(isError(recordOf({ ...impatient, isFailed: true })));
  });

  test('is no client that left in the middle of its answer', () => {
    assert(!isError(recordOf({ status: 200, durationMs: 60_000, cause: 'RMR_CLIENT_GONE' })));
  });
});

describe('a filter', () => {
  test('without conditions takes every request', () => {
    assert(takes({}, {}));
    assert(takes({}, { isFailed: true }));
  });

  test('of errors takes errors only', () => {
    assert(!takes({ mode: 'errors' }, {}));
    assert(takes({ mode: 'errors' }, { isFailed: true }));
  });

  test('takes a rule by its whole id', () => {
    assert(takes({ rule: 'canary/0' }, { rule: 'canary/0' }));
    assert(!takes({ rule: 'canary/0' }, { rule: 'canary/01' }));
  });

  test('takes statuses from the first to the last, both included', () => {
    const status = { from: 500, to: 503 };
    const taken = [499, 500, 503, 504].filter((each) => takes({ status }, { status: each }));
    assert.deepEqual(taken, [500, 503]);
  });

  test('takes one method, one direction and paths that begin alike', () => {
    assert(takes({ method: 'POST' }, { method: 'POST' }));
    assert(!takes({ method: 'POST' }, { method: 'GET' }));
    assert(takes({ direction: 'inbound' }, { direction: 'inbound' }));
    assert(!takes({ direction: 'inbound' }, { direction: 'outbound' }));
    assert(takes({ path: '/pro' }, { path: '/products?page=2' }));
    assert(!takes({ path: '/products' }, { path: '/api/products' }));
  });

  test('takes what lasted as long as it says or longer', () => {
    assert(takes({ minDurationMs: 250 }, { durationMs: 250 }));
    assert(!takes({ minDurationMs: 250 }, { durationMs: 249.9 }));
  });

  test('asks for all of its conditions, of errors too', () => {
    const filter = { method: 'POST', direction: 'inbound' } as const;
    assert(!takes(filter, { method: 'POST', direction: 'outbound', isFailed: true }));
    assert(!takes(filter, { method: 'GET', direction: 'inbound', isFailed: true }));
  });

  test('samples what is no error, and takes every error', () => {
    const traceId = '0'.repeat(32);
    assert(!takes({ sample: 0.5 }, { traceId }));
    assert(takes({ sample: 0.5 }, { traceId, isFailed: true }));
  });
});

describe('a sample', () => {
  const traceIds = fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'),
    minLength: 32,
    maxLength: 32,
  });
  const ratios = fc.double({ min: 0, max: 1, noNaN: true });

  test('is all of everything, and nothing of nothing', () => {
    for (const traceId of ['0'.repeat(32), 'f'.repeat(32), '']) {
      assert(isSampled(traceId, 1));
      assert(!isSampled(traceId, 0));
    }
  });

  test('keeps the share it says', () => {
    for (const ratio of [0.01, 0.1, 0.5, 0.9]) {
      const [kept] = fc.sample(
        fc.array(traceIds, { minLength: 20_000, maxLength: 20_000, size: 'max' }),
        {
          seed: 7,
          numRuns: 1,
        },
      );
      const share = kept!.filter((traceId) => isSampled(traceId, ratio)).length / 20_000;
      assert(Math.abs(share - ratio) < 0.02, `${share} of ${ratio}`);
    }
  });

  test('property: a larger one has all of a smaller', () => {
    fc.assert(
      fc.property(traceIds, ratios, ratios, (traceId, one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        if (isSampled(traceId, less)) assert(isSampled(traceId, more));
      }),
    );
  });

  test('goes by the random part of the id alone, and by its upper digits first', () => {
    const upper = `${'0'.repeat(18)}8${'0'.repeat(13)}`;
    assert(isSampled(upper, 0.5));
    assert(!isSampled(upper, 0.49));
    assert(!isSampled(`${'f'.repeat(18)}7${'f'.repeat(13)}`, 0.5));
  });
});
