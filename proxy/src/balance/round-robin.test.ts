/**
 * Claims about `round-robin.ts`, and slow start wherever it counts.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BalancerConfig } from '@remora/api/wire.ts';
import type { Endpoint } from './endpoint.ts';
import {
  backendConfig,
  backendOf,
  countPicks,
  endpointConfig,
  endpointConfigs,
} from './endpoint-fixture.ts';
import { slowStartShare } from './slow-start.ts';

const inTurn: Partial<BalancerConfig> = { type: 'round-robin' };

describe('round robin', () => {
  test('property: in any run of n picks among n equal endpoints each comes once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(50), (size, before) => {
        const backend = backendOf(endpointConfigs(size), inTurn);
        countPicks(backend, before);
        assert.equal(Object.keys(countPicks(backend, size)).length, size);
      }),
    );
  });

  test('property: in as many picks as the weights sum to, each comes by its weight', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(weights, (given) => {
        const configs = given.map((weight, index) => endpointConfig(index, weight));
        const backend = backendOf(configs, inTurn);
        const sum = given.reduce((total, weight) => total + weight, 0);
        for (let round = 0; round < 2; round++) {
          const counts = countPicks(backend, sum);
          given.forEach((weight, index) => {
            assert.equal(counts[`catalog-${index}`], weight);
          });
        }
      }),
    );
  });

  test('is smooth: a weight of 3 beside two of 1 never comes three times in a row', () => {
    const backend = backendOf([endpointConfig(0, 3), endpointConfig(1), endpointConfig(2)], inTurn);
    const order = Array.from({ length: 10 }, () => backend.pick(null, '', null, 0)!.id).join('');
    assert.equal(order, '0102001020');
  });

  test('does not start at the same endpoint in every proxy', () => {
    const starts = [0, 0.3, 0.6, 0.9].map(
      (chance) => backendOf(endpointConfigs(4), inTurn, () => chance).pick(null, '', null, 0)!.id,
    );
    assert.deepEqual(starts, [0, 1, 2, 3]);
  });
});

describe('slow start', () => {
  const slowStartMs = 10_000;
  const types: readonly BalancerConfig['type'][] = ['round-robin', 'least-request', 'ewma'];

  test('grows from a tenth to all, and then stays', () => {
    const newcomer = { readyAtMs: 1_000 } as Endpoint;
    const shares = [1_000, 1_500, 6_000, 11_000, 99_000].map((nowMs) =>
      slowStartShare(newcomer, slowStartMs, nowMs),
    );
    assert.deepEqual(shares, [0.1, 0.1, 0.5, 1, 1]);
    assert.equal(slowStartShare(newcomer, 0, 1_000), 1);
  });

  for (const type of types) {
    test(`does not touch the endpoints of the first configuration under ${type}`, () => {
      const backend = backendOf(endpointConfigs(2), { type, slowStartMs });
      for (const endpoint of backend.endpoints) {
        assert.equal(slowStartShare(endpoint, slowStartMs, 0), 1);
      }
    });

    test(`gives a newcomer less than its share under ${type}, and its share afterwards`, () => {
      const backend = backendOf(endpointConfigs(4), { type, slowStartMs });
      backend.apply(backendConfig(endpointConfigs(5), { type, slowStartMs }), 100_000);
      for (const endpoint of backend.endpoints) endpoint.ewmaAtMs = 100_000;
      const early = share(backend.endpoints[4]!, 100_500);
      const late = share(backend.endpoints[4]!, 110_000);
      assert.ok(early < 0.05, `${early} of the picks at once`);
      assert.ok(late > 0.17 && late < 0.23, `${late} of the picks once warm`);

      function share(endpoint: Endpoint, nowMs: number): number {
        return (countPicks(backend, 10_000, nowMs)[endpoint.instance] ?? 0) / 10_000;
      }
    });
  }

  test('lets a round robin pass turns, in proportion and also among weights that differ', () => {
    for (const weight of [1, 2]) {
      const before = [endpointConfig(0, weight), endpointConfig(1)];
      const backend = backendOf(before, { ...inTurn, slowStartMs });
      const after = [...before, endpointConfig(2)];
      backend.apply(backendConfig(after, { ...inTurn, slowStartMs }), 0);
      const counts = countPicks(backend, 10_000, slowStartMs / 2);
      const ratio = counts['catalog-2']! / counts['catalog-1']!;
      assert.ok(Math.abs(ratio - 0.5) < 0.05, `${ratio} with weight ${weight}`);
    }
  });

  test('of all endpoints at once still picks one, even without any luck', () => {
    const backend = backendOf([], { ...inTurn, slowStartMs }, () => 0.999);
    backend.apply(backendConfig(endpointConfigs(3), { ...inTurn, slowStartMs }), 0);
    assert.ok(Object.keys(countPicks(backend, 100, 1)).length > 0);
  });
});
