/** The books of attempts, with a pool whose dials the test ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import { Backend } from '../balance/backend.ts';
import { FAILURE_RTT_MS } from '../balance/ewma.ts';
import { ManualClock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import type { EndpointPool, LeaseHolder } from '../net/pool.ts';
import { Attempt, BEGUN } from './attempt.ts';
import type { ExchangeWorld } from './exchange-world.ts';

test('a failure before anything was sent counts from its own beginning', () => {
  const clock = new ManualClock();
  const backend = new Backend('b', () => 0);
  backend.apply(
    {
      key: 'b',
      endpoints: [{ address: '127.0.0.1', port: 1, weight: 1, instance: 'b-0', inMesh: false }],
      balancer: { type: 'ewma', hashKey: null, slowStartMs: 0, decayMs: 10_000 },
      connectTimeoutMs: 1,
      idleTimeoutMs: 1,
      connectionsPerEndpointMax: 1,
      waitingPerEndpointMax: 1,
      ejection: resilienceDefaults.ejection,
      limits: resilienceDefaults.limits,
      budget: resilienceDefaults.budget,
    },
    clock.nowMs(),
  );
  const pool = { tryLease: () => null, wait: () => true } as unknown as EndpointPool;
  const world = { clock, poolOf: () => pool } as unknown as ExchangeWorld;
  const attempt = new Attempt(world, {} as LeaseHolder);
  attempt.reset();
  clock.advanceMs(600_000); // Its exchange lay in the pool so long.
  attempt.backend = backend;
  assert.equal(attempt.begin(new Head(), ''), BEGUN.WAITING);
  clock.advanceMs(5);
  attempt.settle(true);
  assert.equal(backend.endpoints[0]!.ewmaMs, FAILURE_RTT_MS);
});
