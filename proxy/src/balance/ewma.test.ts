/**
 * Claims about peak EWMA and least request under the power of two choices.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededChance } from '../clock.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import type { Backend } from './backend.ts';
import type { Endpoint } from './endpoint.ts';
import {
  answer,
  backendOf,
  countPicks,
  endpointConfig,
  endpointConfigs,
  fail,
} from './endpoint-fixture.ts';
import { decayedMs, FAILURE_RTT_MS, observe } from './ewma.ts';

const DECAY_MS = 10_000;

function endpointOf(): Endpoint {
  return backendOf(endpointConfigs(1)).endpoints[0]!;
}

describe('the mean of an endpoint', () => {
  test('is 30 ms before its first answer', () => {
    assert.equal(decayedMs(endpointOf(), DECAY_MS, 0), 30);
  });

  test('jumps to a slower answer at once and follows a faster one by the decay', () => {
    const endpoint = endpointOf();
    observe(endpoint, 800, false, DECAY_MS, 0);
    assert.equal(endpoint.ewmaMs, 800);
    observe(endpoint, 100, false, DECAY_MS, 0); // No time has passed: nothing has decayed.
    assert.equal(endpoint.ewmaMs, 800);
    observe(endpoint, 100, false, DECAY_MS, DECAY_MS);
    const kept = Math.exp(-1);
    assert.ok(Math.abs(endpoint.ewmaMs - (800 * kept + 100 * (1 - kept))) < 1e-9);
  });

  test('decays when read, to 1/e in the decay time', () => {
    const endpoint = endpointOf();
    observe(endpoint, 800, false, DECAY_MS, 5);
    assert.equal(decayedMs(endpoint, DECAY_MS, 5), 800);
    assert.ok(Math.abs(decayedMs(endpoint, DECAY_MS, 5 + DECAY_MS) - 800 / Math.E) < 1e-9);
  });

  test('takes a failure for a second at least', () => {
    const endpoint = endpointOf();
    observe(endpoint, 2, true, DECAY_MS, 0);
    assert.equal(endpoint.ewmaMs, FAILURE_RTT_MS);
    observe(endpoint, 4_000, true, DECAY_MS, 0);
    assert.equal(endpoint.ewmaMs, 4_000);
  });

  test('property: it stays between the least and the greatest answer', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.nat(5_000)), {
      minLength: 1,
    });
    fc.assert(
      fc.property(steps, (answers) => {
        const endpoint = endpointOf();
        let nowMs = 1e6;
        for (const [rttMs, waitMs] of answers) {
          nowMs += waitMs;
          observe(endpoint, rttMs, false, DECAY_MS, nowMs);
        }
        const seen = answers.map(([rttMs]) => rttMs);
        assert.ok(endpoint.ewmaMs >= Math.min(...seen) - 1e-6);
        assert.ok(endpoint.ewmaMs <= Math.max(...seen) + 1e-6);
      }),
    );
  });
});

describe('two choices by peak EWMA', () => {
  test('leave a slow endpoint after one answer, and come back as it is forgotten', () => {
    const backend = backendOf(endpointConfigs(2));
    const [slow, fast] = backend.endpoints as [Endpoint, Endpoint];
    answer(backend, fast, 10, 1_000);
    answer(backend, slow, 2_000, 1_000);
    assert.deepEqual(countPicks(backend, 100, 1_000), { 'catalog-1': 100 });
    answer(backend, fast, 10, 61_000);
    assert.equal(backend.pick(null, '', null, 61_000), slow);
  });

  test('send nothing to an endpoint that fails fast while another answers', () => {
    const backend = backendOf(endpointConfigs(2));
    const [failing, working] = backend.endpoints as [Endpoint, Endpoint];
    fail(backend, failing, 0);
    answer(backend, working, 200, 0);
    assert.deepEqual(countPicks(backend, 100), { 'catalog-1': 100 });
  });

  test('give the same load to equal endpoints, and twice to one of double weight', () => {
    const even = simulate(backendOf(endpointConfigs(4)), () => 20);
    for (const count of even.values()) assert.ok(count > 2_000 && count < 3_000, `${count}`);
    const configs = [endpointConfig(0, 2), endpointConfig(1), endpointConfig(2)];
    const counts = [...simulate(backendOf(configs), () => 20).values()];
    assert.ok(counts[0]! > 1.4 * counts[1]!, `${counts}`);
  });

  test('give most of the load to the faster half', () => {
    const backend = backendOf(endpointConfigs(10));
    const counts = simulate(backend, (endpoint) => (endpoint.id < 5 ? 10 : 100));
    const fast = backend.endpoints.slice(0, 5).reduce((sum, one) => sum + counts.get(one)!, 0);
    assert.ok(fast > 7_000, `${fast} of 10,000`);
  });

  test('weigh the mean with what is in flight', () => {
    const backend = backendOf(endpointConfigs(2));
    const [faster, slower] = backend.endpoints as [Endpoint, Endpoint];
    answer(backend, slower, 40, 0);
    assert.deepEqual(countPicks(backend, 20), { 'catalog-0': 20 }); // 30 < 40.
    backend.onSent(faster, 0);
    assert.deepEqual(countPicks(backend, 20), { 'catalog-1': 20 }); // 2 * 30 > 40.
  });

  test('choose by what is in flight where all means have decayed to nothing', () => {
    const backend = backendOf(endpointConfigs(2));
    backend.onSent(backend.endpoints[0]!, 0);
    for (let pick = 0; pick < 20; pick++) {
      assert.equal(backend.pick(null, '', null, 1e8), backend.endpoints[1]);
    }
  });
});

describe('two choices by least request', () => {
  test('never take the busier of two', () => {
    const backend = backendOf(endpointConfigs(2), { type: 'least-request' });
    backend.onSent(backend.endpoints[0]!, 0);
    assert.deepEqual(countPicks(backend, 50), { 'catalog-1': 50 });
  });

  test('keep what is in flight within a few of each other', () => {
    const backend = backendOf(endpointConfigs(100), { type: 'least-request' });
    for (let request = 0; request < 10_000; request++) {
      backend.onSent(backend.pick(null, '', null, 0)!, 0);
    }
    for (const endpoint of backend.endpoints) {
      assert.ok(Math.abs(endpoint.inFlight - 100) <= 5, `${endpoint.inFlight}`);
    }
  });

  test('draw every pair: no endpoint is out of reach, none drawn twice as often', () => {
    const backend = backendOf(endpointConfigs(7), { type: 'least-request' }, seededChance(3));
    for (const count of Object.values(countPicks(backend, 70_000))) {
      assert.ok(Math.abs(count - 10_000) < 500, `${count}`);
    }
  });
});

/** 10,000 requests, one each ms, each answered after its endpoint's time. Counts by endpoint. */
function simulate(backend: Backend, rttOf: (endpoint: Endpoint) => number): Map<Endpoint, number> {
  const counts = new Map(backend.endpoints.map((endpoint) => [endpoint, 0]));
  const ends = new Map<number, Endpoint[]>();
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    for (const endpoint of ends.get(nowMs) ?? []) {
      backend.onDone(endpoint, endpoint.health.epoch, rttOf(endpoint), OUTCOME.OK, nowMs);
    }
    const picked = backend.pick(null, '', null, nowMs)!;
    counts.set(picked, counts.get(picked)! + 1);
    backend.onSent(picked, nowMs);
    const endMs = nowMs + rttOf(picked);
    ends.set(endMs, [...(ends.get(endMs) ?? []), picked]);
  }
  return counts;
}
