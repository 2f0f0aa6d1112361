/** The books of one attempt, with a pool whose dials the test ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURE_RTT_MS } from '../balance/ewma.ts';
import { backendConfig, endpointConfigs } from '../balance/endpoint-fixture.ts';
import { Backend } from '../balance/backend.ts';
import { TriedEndpoints } from '../balance/tried.ts';
import { ManualClock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import type { EndpointPool } from '../net/pool.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { PRIORITY } from '../resilience/ticket.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { Attempt, BEGUN } from './attempt.ts';
import type { AttemptUser, ExchangeWorld } from './exchange-world.ts';
import { FIRST, Trail } from './trail.ts';

function bench() {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, () => undefined);
  const backend = new Backend('b', { clock, wheel, chance: () => 0 });
  backend.apply(backendConfig(endpointConfigs(1)), clock.nowMs());
  const pool = { tryLease: () => null, wait: () => true } as unknown as EndpointPool;
  const world = { clock, wheel, poolOf: () => pool } as unknown as ExchangeWorld;
  const user = {
    request: new Head(),
    peer: '',
    priority: PRIORITY.default,
    deadlineAtMs: NO_DEADLINE,
    mayRepeat: true,
    tried: new TriedEndpoints(),
    trail: new Trail(),
  } as unknown as AttemptUser;
  return { clock, backend, user, attempt: new Attempt(world, user) };
}

test('a failure before anything was sent counts from its own beginning', () => {
  const { clock, backend, attempt } = bench();
  clock.advanceMs(600_000); // Its exchange lay in the pool so long.
  assert.equal(attempt.begin(backend, FIRST), BEGUN.WAITING);
  clock.advanceMs(5);
  attempt.drop(OUTCOME.MISSED);
  assert.equal(backend.endpoints[0]!.ewmaMs, FAILURE_RTT_MS);
});

test('whatever became of it, its place is free and its endpoint is remembered as tried', () => {
  for (const outcome of Object.values(OUTCOME)) {
    const { backend, attempt, user } = bench();
    const endpoint = backend.endpoints[0]!;
    attempt.begin(backend, FIRST);
    assert.deepEqual(
      [backend.admission.inFlight, endpoint.inFlight, endpoint.slot.inFlight],
      [1, 1, 1],
    );
    attempt.drop(outcome);
    assert.deepEqual(
      [backend.admission.inFlight, endpoint.inFlight, endpoint.slot.inFlight],
      [0, 0, 0],
    );
    assert.ok(user.tried.has(endpoint));
    assert.ok(attempt.isIdle);
  }
});

test('without an endpoint it fails at once, and asks nobody to wait', () => {
  const { clock, backend, attempt } = bench();
  backend.close(clock.nowMs());
  assert.equal(attempt.begin(backend, FIRST), BEGUN.FAILED);
  assert.equal(attempt.failure, 'RMR_NO_ENDPOINTS');
  assert.equal(backend.admission.waiting, 0);
});
