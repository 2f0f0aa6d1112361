/** Claims about `classify.ts`: the one definition of failure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '@remora/api/errors.ts';
import {
  isFailure,
  outcomeOfAnswer,
  outcomeOfCancel,
  outcomeOfFailure,
  peerError,
  speaksOfBackend,
} from './classify.ts';
import { OUTCOME } from './outcome.ts';
import { responseOf } from './response-fixture.ts';

const { OK, FAILED, MISSED, NOTHING_LEARNED, REFUSED_BY_PEER } = OUTCOME;

function refusal(code: string, status = 503): ReturnType<typeof responseOf> {
  return responseOf(status, [['X-Remora-Error', code]]);
}

test('of all statuses only 500 and 502 to 504 are failures', () => {
  const failures = Array.from({ length: 500 }, (_, at) => at + 100).filter(isFailure);
  assert.deepEqual(failures, [500, 502, 503, 504]);
});

test('429 and the other 4xx are successes of the endpoint', () => {
  for (const status of [200, 304, 400, 404, 429, 499, 501]) {
    assert.equal(outcomeOfAnswer(responseOf(status), true), OK, String(status));
  }
  for (const status of [500, 502, 503, 504]) {
    assert.equal(outcomeOfAnswer(responseOf(status), true), FAILED, String(status));
  }
});

describe('an attempt without an answer', () => {
  const failures: ErrorCode[] = [
    'RMR_CONNECT_REFUSED',
    'RMR_CONNECT_TIMEOUT',
    'RMR_UPSTREAM_RESET',
    'RMR_UPSTREAM_CLOSED',
    'RMR_UPSTREAM_BAD_RESPONSE',
    'RMR_REQUEST_TIMEOUT',
    'RMR_PER_TRY_TIMEOUT',
  ];
  test('fails by connect, reset, timeout and truncation', () => {
    for (const code of failures)
      assert.equal(
        outcomeOfFailure(code, false),
        code === 'RMR_UPSTREAM_BAD_RESPONSE' ? FAILED : MISSED,
        code,
      );
  });

  test('says nothing where this proxy itself held it back', () => {
    for (const code of ['RMR_POOL_FULL', 'RMR_OVERLOADED', 'RMR_DEADLINE_EXCEEDED'] as const) {
      assert.equal(outcomeOfFailure(code, false), NOTHING_LEARNED, code);
    }
  });

  test('says nothing where a connection had died of idleness', () => {
    assert.equal(outcomeOfFailure('RMR_UPSTREAM_RESET', true), NOTHING_LEARNED);
    assert.equal(outcomeOfFailure('RMR_UPSTREAM_CLOSED', true), NOTHING_LEARNED);
  });
});

test("an answer of this proxy's own speaks of the backend, but for callers and limits", () => {
  const silent = ['RMR_OVERLOADED', 'RMR_POOL_FULL', 'RMR_RATE_LIMITED', 'RMR_DEADLINE_EXCEEDED'];
  for (const code of silent) assert.equal(speaksOfBackend(code as ErrorCode), false, code);
  for (const code of ['RMR_CONNECT_REFUSED', 'RMR_REQUEST_TIMEOUT', 'RMR_NO_ENDPOINTS'] as const) {
    assert.equal(speaksOfBackend(code), true, code);
  }
});

describe("a peer's refusal", () => {
  test('is neither success nor failure, also with a code that is not known here', () => {
    for (const code of ['RMR_OVERLOADED', 'RMR_BREAKER_OPEN', 'RMR_OF_TOMORROW']) {
      assert.equal(outcomeOfAnswer(refusal(code), true), REFUSED_BY_PEER, code);
    }
    assert.equal(outcomeOfAnswer(refusal('RMR_RATE_LIMITED', 429), true), REFUSED_BY_PEER);
    const twice = [
      ['x-remora-error', 'RMR_OVERLOADED'],
      ['x-remora-error', 'RMR_APP_GONE'],
    ] as const;
    assert.equal(outcomeOfAnswer(responseOf(503, twice), true), REFUSED_BY_PEER);
    assert.equal(peerError(responseOf(503, twice)), null);
  });

  test('that relays the death of its application is a failure', () => {
    assert.equal(outcomeOfAnswer(refusal('RMR_APP_GONE'), true), FAILED);
    assert.equal(outcomeOfAnswer(refusal('RMR_UPSTREAM_RESET', 502), true), FAILED);
    assert.equal(outcomeOfAnswer(refusal('RMR_REQUEST_TIMEOUT', 504), true), FAILED);
  });

  test('is believed of peers only: an application may write the field too', () => {
    assert.equal(outcomeOfAnswer(refusal('RMR_OVERLOADED'), false), FAILED);
  });

  test('has a code of the table, and no name of an object property passes for one', () => {
    assert.equal(peerError(refusal('RMR_OVERLOADED')), 'RMR_OVERLOADED');
    for (const code of ['toString', '__proto__', 'rmr_overloaded', '']) {
      assert.equal(peerError(refusal(code)), null, code);
    }
    assert.equal(peerError(responseOf(503)), null);
    assert.equal(peerError(responseOf(503, [['x-remora-request', 'RMR_OVERLOADED']])), null);
  });
});

describe('a caller that leaves', () => {
  test('is a miss only after 250 ms without a byte', () => {
    assert.equal(outcomeOfCancel(250, 5), NOTHING_LEARNED);
    assert.equal(outcomeOfCancel(251, 5), MISSED);
  });

  test('is a miss of a slow service only after ten usual answers', () => {
    assert.equal(outcomeOfCancel(1_000, 100), NOTHING_LEARNED);
    assert.equal(outcomeOfCancel(1_001, 100), MISSED);
  });
});
