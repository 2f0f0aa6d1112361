/** Claims about `retry.ts`: what may be sent again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ERRORS, type ErrorCode } from '@remora/api/errors.ts';
import type { RetryConfig } from '@remora/api/wire-resilience.ts';
import fc from 'fast-check';
import {
  decideRetry,
  FailedAttempt,
  isRetry,
  RETRY,
  RETRY_WORDS,
  type ResendAllowance,
} from './retry.ts';
import { RetryBudget } from './retry-budget.ts';

const standard: RetryConfig = {
  retriesMax: 1,
  statuses: [],
  backoffBaseMs: 25,
  backoffMaxMs: 250,
};

const plenty = (): RetryBudget => new RetryBudget({ ratio: 1, minPerSecond: 100 }, 0);
const none = (): RetryBudget => new RetryBudget({ ratio: 0, minPerSecond: 0 }, 0);

/** A GET without a body whose connection was reset, but for what is said. */
function decide(
  parts: Partial<FailedAttempt>,
  config: Partial<RetryConfig> = {},
  budget = plenty(),
): number {
  const failed = new FailedAttempt();
  Object.assign(failed, {
    code: 'RMR_UPSTREAM_RESET',
    mayRepeat: true,
    isReplayable: true,
    ...parts,
  });
  return decideRetry(failed, { ...standard, ...config }, budget);
}

const allowed: ResendAllowance = { takesResend: () => true };

describe('a POST', () => {
  const post = { mayRepeat: false };

  test('goes elsewhere when it was provably not sent', () => {
    for (const code of ['RMR_CONNECT_REFUSED', 'RMR_CONNECT_TIMEOUT', 'RMR_POOL_FULL'] as const) {
      assert.equal(decide({ ...post, code }), RETRY.UNSENT, code);
    }
    assert.equal(decide({ ...post, isUnsent: true }), RETRY.UNSENT);
  });

  test('is never sent twice once bytes were written, whatever failed', () => {
    assert.equal(decide(post), RETRY.NOT_REPEATABLE);
    assert.equal(decide({ ...post, code: 'RMR_UPSTREAM_CLOSED' }), RETRY.NOT_REPEATABLE);
    assert.equal(decide({ ...post, isStale: true }), RETRY.NOT_REPEATABLE);
    assert.equal(decide({ ...post, code: 'RMR_PER_TRY_TIMEOUT' }), RETRY.NOT_REPEATABLE);
    const status = { ...post, code: null, status: 503 };
    assert.equal(decide(status, { statuses: [503] }), RETRY.NOT_REPEATABLE);
  });

  test("goes elsewhere when a peer's proxy refused it", () => {
    for (const code of ['RMR_OVERLOADED', 'RMR_APP_GONE'] as const) {
      assert.equal(decide({ ...post, code }), RETRY.UNSENT, code);
    }
  });

  test("is not sent again when a peer's application had it: `unsent` is no proof from afar", () => {
    assert.equal(
      decide({ ...post, code: 'RMR_UPSTREAM_RESET', status: 502 }),
      RETRY.NOT_REPEATABLE,
    );
  });
});

describe('a GET', () => {
  test('is tried again after a connection that failed', () => {
    assert.equal(decide({}), RETRY.FAILED);
    assert.equal(decide({ code: 'RMR_UPSTREAM_CLOSED' }), RETRY.FAILED);
  });

  test('is tried again when the time for one try is over, not when its own is', () => {
    assert.equal(decide({ code: 'RMR_PER_TRY_TIMEOUT' }), RETRY.TIMED_OUT);
    assert.equal(decide({ code: 'RMR_REQUEST_TIMEOUT' }), RETRY.FINAL);
    assert.equal(decide({ code: 'RMR_DEADLINE_EXCEEDED' }), RETRY.FINAL);
  });

  test('is tried again for a status only where that is configured', () => {
    const answer = { code: null, status: 503 };
    assert.equal(decide(answer), RETRY.FINAL);
    assert.equal(decide(answer, { statuses: [502, 503] }), RETRY.STATUS);
    assert.equal(decide({ ...answer, status: 500 }, { statuses: [502, 503] }), RETRY.FINAL);
  });

  test('is not tried again after an answer that cannot be read', () => {
    assert.equal(decide({ code: 'RMR_UPSTREAM_BAD_RESPONSE' }), RETRY.FINAL);
  });

  test('is tried no further once a byte of its answer went down', () => {
    assert.equal(decide({ hasAnswered: true }), RETRY.ANSWERED);
    assert.equal(decide({ hasAnswered: true, isUnsent: true }), RETRY.ANSWERED);
  });

  test('is not tried again when a part of its body is gone, even if it was not sent', () => {
    assert.equal(decide({ isReplayable: false }), RETRY.BODY);
    assert.equal(decide({ isReplayable: false, isUnsent: true }), RETRY.BODY);
  });

  test('is not tried again when the wait takes all the time that is left', () => {
    assert.equal(decide({ leftMs: 20, waitMs: 19 }), RETRY.FAILED);
    assert.equal(decide({ leftMs: 20, waitMs: 20 }), RETRY.DEADLINE);
    assert.equal(decide({ leftMs: 0, waitMs: 0 }), RETRY.DEADLINE);
    assert.equal(decide({ waitMs: Number.POSITIVE_INFINITY }), RETRY.DEADLINE);
  });

  test('has as many retries as are configured', () => {
    assert.equal(decide({ attempts: 1 }, { retriesMax: 0 }), RETRY.USED_UP);
    assert.equal(decide({ attempts: 2 }, { retriesMax: 2 }), RETRY.FAILED);
    assert.equal(decide({ attempts: 3 }, { retriesMax: 2 }), RETRY.USED_UP);
  });
});

describe('a dead idle connection', () => {
  const stale = { isStale: true };

  test('costs no retry the first time', () => {
    assert.equal(decide(stale), RETRY.STALE);
    assert.equal(decide({ attempts: 2, staleResends: 1 }), RETRY.FAILED);
    assert.equal(decide({ attempts: 3, staleResends: 1 }), RETRY.USED_UP);
    assert.equal(decide({ ...stale, attempts: 2, staleResends: 0 }), RETRY.STALE);
  });

  test('is paid for by the budget, or by the allowance of its endpoint', () => {
    assert.equal(decide(stale, {}, none()), RETRY.BUDGET);
    assert.equal(decide({ ...stale, allowance: allowed }, {}, none()), RETRY.STALE);
    assert.equal(decide({ allowance: allowed }, {}, none()), RETRY.BUDGET);
  });

  test('counts in the budget also where it is allowed for', () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.1 }, 0);
    assert.equal(decide({ ...stale, allowance: allowed }, {}, budget), RETRY.STALE);
    assert.equal(decide({}, {}, budget), RETRY.BUDGET);
  });

  test('ends a request that meets nothing else, after one attempt more than configured', () => {
    let attempts = 1;
    while (isRetry(decide({ ...stale, attempts, staleResends: attempts - 1 }))) attempts++;
    assert.equal(attempts, 3);
  });

  test('is sent for again no more than the configuration allows at all', () => {
    assert.equal(decide(stale, { retriesMax: 0 }), RETRY.USED_UP);
  });
});

test('a retry that something else forbids spends nothing', () => {
  const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.1 }, 0);
  const forbidden: Partial<FailedAttempt>[] = [
    { code: null, status: 200 },
    { hasAnswered: true },
    { attempts: 2 },
    { mayRepeat: false },
    { isReplayable: false },
    { leftMs: 0 },
  ];
  for (const parts of forbidden) assert.ok(!isRetry(decide(parts, {}, budget)));
  assert.equal(decide({}, {}, budget), RETRY.FAILED);
  assert.equal(decide({}, {}, budget), RETRY.BUDGET);
});

test('every reason has its word, and its number is its place', () => {
  assert.deepEqual(
    Object.values(RETRY),
    RETRY_WORDS.map((_, at) => at),
  );
  assert.equal(RETRY_WORDS[RETRY.NOT_REPEATABLE], 'not_repeatable');
});

const attempts = fc.record({
  code: fc.option(fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])), { nil: null }),
  status: fc.constantFrom(200, 429, 500, 503),
  isUnsent: fc.boolean(),
  isStale: fc.boolean(),
  allowance: fc.constantFrom(null, allowed),
  mayRepeat: fc.boolean(),
  hasAnswered: fc.boolean(),
  isReplayable: fc.boolean(),
  leftMs: fc.constantFrom(0, 10, Number.POSITIVE_INFINITY),
  waitMs: fc.constantFrom(0, 10, 25, Number.POSITIVE_INFINITY),
});

test('property: nothing is sent twice that may not be, and nothing without an end', () => {
  fc.assert(
    fc.property(fc.array(attempts, { minLength: 1, maxLength: 12 }), fc.nat(4), (ends, most) => {
      const config = { ...standard, retriesMax: most, statuses: [503] };
      const budget = plenty();
      const failed = new FailedAttempt();
      failed.staleResends = 0;
      failed.attempts = 0;
      for (const end of ends) {
        Object.assign(failed, end);
        failed.attempts++;
        const reason = decideRetry(failed, config, budget);
        if (!isRetry(reason)) break;
        assert.ok(end.isReplayable && !end.hasAnswered && end.waitMs < end.leftMs);
        if (!end.mayRepeat) {
          const said =
            end.code !== null && ['elsewhere', 'always'].includes(ERRORS[end.code].retry);
          assert.ok(said || end.isUnsent, `${end.code} was sent again`);
        }
        if (reason === RETRY.STALE) failed.staleResends++;
      }
      assert.ok(failed.attempts <= (most === 0 ? 1 : 1 + most + 1));
    }),
    { numRuns: 2_000 },
  );
});

test('what was sent to find out about an endpoint is sent elsewhere when it answers badly', () => {
  const trial = { mayRepeat: true, isReplayable: true, isTrial: true };
  assert.equal(decide({ ...trial, code: null, status: 503 }, {}), RETRY.STATUS);
  assert.equal(decide({ ...trial, code: 'RMR_UPSTREAM_BAD_RESPONSE' }, {}), RETRY.FAILED);
  const other = { ...trial, isTrial: false };
  assert.equal(decide({ ...other, code: null, status: 503 }, {}), RETRY.FINAL);
  assert.equal(decide({ ...other, code: 'RMR_UPSTREAM_BAD_RESPONSE' }, {}), RETRY.FINAL);
  assert.equal(decide({ ...trial, code: 'RMR_RATE_LIMITED' }, {}), RETRY.FINAL);
});
