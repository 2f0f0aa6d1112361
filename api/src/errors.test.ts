import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ERRORS, type ErrorCode, errorSpec } from './errors.ts';

const all = Object.keys(ERRORS) as ErrorCode[];

describe('the table of errors', () => {
  test('has codes that can be searched for, with a hint that is a sentence', () => {
    for (const code of all) {
      const { hint } = errorSpec(code);
      assert.match(code, /^RMR_[A-Z]+(_[A-Z]+)*$/);
      assert.match(hint, /^[A-Za-z`].{10,90}[.?]$/, code);
    }
  });

  test('answers with a status of its fault: 4xx of client or names, 5xx of the rest', () => {
    for (const code of all) {
      const { status, source } = errorSpec(code);
      assert.ok(status >= 400 && status <= 599, code);
      // 504 is for a deadline that the caller itself has set.
      const isTheirs = status < 500 || [501, 504, 505].includes(status);
      if (source === 'downstream') assert.ok(isTheirs, code);
      if (source === 'upstream' || source === 'remora') assert.ok(status >= 500, code);
    }
  });

  test('never lets a request be sent again that an upstream may have begun to serve', () => {
    const maybeServed: readonly ErrorCode[] = [
      'RMR_UPSTREAM_RESET',
      'RMR_UPSTREAM_CLOSED',
      'RMR_UPSTREAM_BAD_RESPONSE',
      'RMR_REQUEST_TIMEOUT',
      'RMR_PER_TRY_TIMEOUT',
    ];
    for (const code of maybeServed) assert.match(errorSpec(code).retry, /^(never|unsent)$/, code);
  });
});
