/** Which failures were of a connection, and so say nothing of the request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '@remora/api/errors.ts';
import type { ExchangeWorld } from './exchange-world.ts';
import { NextAttempt } from './next-attempt.ts';

test('a pool that is full has no dead connection, and neither has a dial that failed', () => {
  const next = new NextAttempt({} as ExchangeWorld);
  const isDead = (code: ErrorCode, isStale = false): boolean => {
    Object.assign(next.failed, { code, isStale, isUnsent: !isStale });
    return next.metDeadConnection;
  };
  assert.ok(isDead('RMR_UPSTREAM_RESET', true) && isDead('RMR_UPSTREAM_RESET'));
  assert.ok(!isDead('RMR_POOL_FULL') && !isDead('RMR_CONNECT_REFUSED'));
});
