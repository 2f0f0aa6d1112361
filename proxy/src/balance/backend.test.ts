/**
 * Claims about `backend.ts`: what survives a change of configuration, whatever the balancer.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancerConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import { seededChance } from '../clock.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { Backend, NOT_MEASURED } from './backend.ts';
import type { Endpoint } from './endpoint.ts';
import {
  answer,
  backendConfig,
  backendOf,
  backendWorld,
  endpointConfig,
  endpointConfigs,
  tried,
} from './endpoint-fixture.ts';

const balancers: readonly Partial<BalancerConfig>[] = [
  { type: 'ewma' },
  { type: 'least-request' },
  { type: 'round-robin' },
  { type: 'ring-hash', hashKey: { type: 'peer', name: '' } },
];

for (const balancer of balancers) {
  describe(`a backend balanced by ${balancer.type}`, () => {
    test('without endpoints picks none, with one picks that, tried or not', () => {
      assert.equal(backendOf([], balancer).pick(null, 'a', null, 0), null);
      const backend = backendOf(endpointConfigs(1), balancer);
      const only = backend.pick(null, 'a', null, 0);
      assert.equal(only, backend.endpoints[0]);
      assert.equal(backend.pick(null, 'a', tried(only), 0), only);
    });

    for (const size of [2, 3, 20]) {
      test(`never picks the tried one of ${size}, and every other one in time`, () => {
        const backend = backendOf(endpointConfigs(size), balancer);
        for (const one of backend.endpoints) {
          const picked = new Set<Endpoint>();
          for (let pick = 0; pick < 50 * size; pick++) {
            picked.add(backend.pick(null, `peer-${pick}`, tried(one), 0)!);
          }
          assert.ok(!picked.has(one));
          assert.equal(picked.size, size - 1);
        }
      });
    }

    test('picks among all of them where the tried one has left', () => {
      const backend = backendOf(endpointConfigs(3), balancer);
      const gone = backend.endpoints[0]!;
      backend.apply(backendConfig([endpointConfig(1), endpointConfig(2)], balancer), 0);
      const picked = new Set<Endpoint>();
      for (let pick = 0; pick < 100; pick++) {
        picked.add(backend.pick(null, `peer-${pick}`, tried(gone), 0)!);
      }
      assert.deepEqual(picked, new Set(backend.endpoints));
    });

    test('gives an endpoint of weight 0 nothing', () => {
      const backend = backendOf(
        [endpointConfig(0, 0), endpointConfig(1), endpointConfig(2)],
        balancer,
      );
      for (let pick = 0; pick < 200; pick++) {
        assert.notEqual(backend.pick(null, `peer-${pick}`, null, 0), backend.endpoints[0]);
      }
      assert.equal(backendOf([endpointConfig(0, 0)], balancer).pick(null, 'a', null, 0), null);
    });
  });
}

describe('applying a configuration', () => {
  test('keeps what survives with its state, and tells what left', () => {
    const backend = backendOf(endpointConfigs(3));
    const [left, stays] = backend.endpoints as [Endpoint, Endpoint, Endpoint];
    let closes = 0;
    left.pool = { close: () => closes++ };
    backend.onSent(stays, 0);
    const epoch = backend.onSent(left, 0);
    backend.apply(backendConfig([endpointConfig(3), endpointConfig(1, 5)]), 50);

    assert.equal(backend.endpoints[1], stays);
    assert.equal(stays.inFlight, 1);
    assert.equal(stays.weight, 5);
    assert.ok(!stays.removed);
    assert.ok(left.removed);
    assert.equal(closes, 1);
    backend.onDone(left, epoch, 10, OUTCOME.OK, 60); // Its request ends as if nothing had happened.
    assert.equal(left.inFlight, 0);
    backend.apply(backendConfig([endpointConfig(3)]), 70);
    assert.equal(closes, 1);
  });

  test('takes over timeouts and limits', () => {
    const backend = backendOf([]);
    const config = { ...backendConfig([]), connectTimeoutMs: 1, idleTimeoutMs: 2 };
    backend.apply({ ...config, connectionsPerEndpointMax: 3, waitingPerEndpointMax: 4 }, 0);
    const { connectTimeoutMs, idleTimeoutMs, connectionsPerEndpointMax } = backend;
    assert.deepEqual([connectTimeoutMs, idleTimeoutMs, connectionsPerEndpointMax], [1, 2, 3]);
    assert.equal(backend.waitingPerEndpointMax, 4);
  });

  test('with another balancer keeps what was measured', () => {
    const backend = backendOf(endpointConfigs(2));
    const [one, other] = backend.endpoints as [Endpoint, Endpoint];
    answer(backend, one, 500, 0);
    backend.apply(backendConfig(endpointConfigs(2), { type: 'round-robin' }), 0);
    backend.apply(backendConfig(endpointConfigs(2), { type: 'ewma' }), 0);
    for (let pick = 0; pick < 20; pick++) assert.equal(backend.pick(null, '', null, 0), other);
  });

  test('an address listed twice is one endpoint, an IPv6 address keeps its colons apart', () => {
    const backend = backendOf([
      endpointConfig(0),
      endpointConfig(0, 7),
      { ...endpointConfig(1), address: '::1' },
    ]);
    assert.deepEqual(
      backend.endpoints.map((endpoint) => endpoint.key),
      ['10.0.0.0:8080', '[::1]:8080'],
    );
    assert.equal(backend.endpoints[0]!.weight, 1);
    assert.equal(backend.endpoints[0]!.id, 0);
  });

  test('an endpoint that comes back is a new one', () => {
    const backend = backendOf(endpointConfigs(2));
    const before = backend.endpoints[0]!;
    backend.apply(backendConfig([endpointConfig(1)]), 0);
    backend.apply(backendConfig(endpointConfigs(2)), 0);
    assert.notEqual(backend.endpoints[0], before);
    assert.notEqual(backend.endpoints[0]!.id, before.id);
  });

  test('a request without a measurement changes nothing but the count in flight', () => {
    const backend = backendOf(endpointConfigs(1));
    const endpoint = backend.endpoints[0]!;
    const epoch = backend.onSent(endpoint, 0);
    backend.onDone(endpoint, epoch, NOT_MEASURED, OUTCOME.FAILED, 1_000);
    assert.deepEqual([endpoint.inFlight, endpoint.ewmaMs, endpoint.ewmaAtMs], [0, 30, 0]);
  });

  test('closing lets every pool go, and then nothing is picked', () => {
    const backend = backendOf(endpointConfigs(3));
    let closes = 0;
    for (const endpoint of backend.endpoints) endpoint.pool = { close: () => closes++ };
    backend.close(0);
    assert.equal(closes, 3);
    assert.equal(backend.pick(null, '', null, 0), null);
  });
});

test('model: through any changes, picks are of the live set and counts in flight add up', () => {
  const member = fc.tuple(fc.nat(7), fc.integer({ min: 0, max: 3 }));
  const change = fc.record({
    do: fc.constant('apply' as const),
    members: fc.uniqueArray(member, { maxLength: 6, selector: ([index]) => index }),
    balancer: fc.constantFrom(...balancers),
  });
  const request = fc.record({
    do: fc.constant('request' as const),
    peer: fc.constantFrom('a', 'b', 'c'),
    failed: fc.boolean(),
    rttMs: fc.constantFrom(NOT_MEASURED, 0, 5, 3_000),
  });
  const done = fc.record({ do: fc.constant('done' as const), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(fc.oneof(change, request, request, done)), fc.nat(), (steps, seed) => {
      const backend = new Backend('k', backendWorld(seededChance(seed)));
      const sent: { endpoint: Endpoint; epoch: number; outcome: number; rttMs: number }[] = [];
      let members: readonly (readonly [number, number])[] = [];
      let last: Endpoint | null = null;
      let nowMs = 0;
      for (const step of steps) {
        nowMs += 7;
        if (step.do === 'apply') {
          members = step.members;
          const configs = members.map(([index, weight]) => endpointConfig(index, weight));
          backend.apply(backendConfig(configs, { ...step.balancer, slowStartMs: 50 }), nowMs);
        } else if (step.do === 'request') {
          const picked = backend.pick(null, step.peer, tried(last), nowMs);
          const live = members.filter(([, weight]) => weight > 0);
          if (picked === null) assert.equal(live.length, 0);
          else {
            assert.ok(live.some(([index]) => picked.instance === `catalog-${index}`));
            assert.ok(!picked.removed);
            const others = backend.endpoints.filter((one) => one !== last && one.weight > 0);
            const isLeft = others.some((one) => one.health.outUntilMs <= nowMs);
            if (isLeft) assert.notEqual(picked, last);
            const epoch = backend.onSent(picked, nowMs);
            const outcome = step.failed ? OUTCOME.FAILED : OUTCOME.OK;
            sent.push({ endpoint: picked, epoch, outcome, rttMs: step.rttMs });
            last = picked;
          }
        } else if (sent.length > 0) {
          const [ended] = sent.splice(step.which % sent.length, 1);
          backend.onDone(ended!.endpoint, ended!.epoch, ended!.rttMs, ended!.outcome, nowMs);
        }
        for (const endpoint of backend.endpoints) {
          const wanted = sent.filter((other) => other.endpoint === endpoint).length;
          assert.equal(endpoint.inFlight, wanted);
          assert.ok(endpoint.ewmaMs >= 0 && endpoint.ewmaMs <= 3_000);
        }
      }
    }),
    { numRuns: 300 },
  );
});
