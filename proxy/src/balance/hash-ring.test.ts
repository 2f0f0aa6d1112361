/**
 * Claims about `hash-ring.ts`: who stays where while endpoints come and go.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancerConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import { headOf } from '../routing/head-fixture.ts';
import type { Backend } from './backend.ts';
import {
  backendConfig,
  backendOf,
  countPicks,
  endpointConfig,
  endpointConfigs,
  tried,
} from './endpoint-fixture.ts';

const ring: Partial<BalancerConfig> = { type: 'ring-hash', hashKey: { type: 'peer', name: '' } };

/** The instance that each of so many peers goes to. */
function placesOf(backend: Backend, peers = 5_000): string[] {
  return Array.from(
    { length: peers },
    (_, peer) => backend.pick(null, `10.1.${peer >>> 8}.${peer & 255}`, null, 0)!.instance,
  );
}

describe('a ring', () => {
  test('keeps every key where it is while nothing changes, in another process too', () => {
    const configs = endpointConfigs(20);
    const places = placesOf(backendOf(configs, ring, () => 0));
    assert.deepEqual(placesOf(backendOf(configs, ring, () => 0.9)), places);
    assert.deepEqual(placesOf(backendOf(configs.toReversed(), ring)), places);
  });

  test('property: a key moves only from an endpoint that left, or to one that came', () => {
    const sizes = fc.integer({ min: 2, max: 30 });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.boolean(), (size, which, comes) => {
        const changed = endpointConfig(comes ? 100 : which % size);
        const all = endpointConfigs(size);
        const next = comes
          ? [...all, changed]
          : all.filter((config) => config.instance !== changed.instance);
        const backend = backendOf(all, ring);
        const before = placesOf(backend, 300);
        backend.apply(backendConfig(next, ring), 0);
        placesOf(backend, 300).forEach((place, peer) => {
          if (place !== before[peer]) {
            assert.equal(comes ? place : before[peer], changed.instance);
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  test('shares evenly among a few endpoints, and by weight', () => {
    const shares = new Map<string, number>();
    const weights = [1, 1, 2];
    const configs = weights.map((weight, index) => endpointConfig(index, weight));
    for (const place of placesOf(backendOf(configs, ring), 40_000)) {
      shares.set(place, (shares.get(place) ?? 0) + 1 / 40_000);
    }
    weights.forEach((weight, index) => {
      const share = shares.get(`catalog-${index}`)!;
      assert.ok(Math.abs(share / (weight / 4) - 1) < 0.25, `${share} of weight ${weight}`);
    });
  });

  test('of a thousand endpoints leaves none without keys, none with four times its share', () => {
    const counts = new Map<string, number>();
    for (const place of placesOf(backendOf(endpointConfigs(1_000), ring), 50_000)) {
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    assert.equal(counts.size, 1_000);
    assert.ok(Math.max(...counts.values()) < 200);
  });

  test('of a thousand endpoints with great weights stays within its bound of points', () => {
    const backend = backendOf(endpointConfigs(1_000, 1_000_000), ring);
    assert.equal(new Set(placesOf(backend, 50_000)).size, 1_000);
  });

  test('gives the least weight a share, beside one a hundred thousand times as great', () => {
    const backend = backendOf([endpointConfig(0, 100_000), endpointConfig(1)], ring);
    assert.equal(new Set(placesOf(backend, 200_000)).size, 2);
  });

  test('walks on from the tried endpoint to the same next one for the same key', () => {
    const backend = backendOf(endpointConfigs(10), ring);
    for (let peer = 0; peer < 200; peer++) {
      const first = backend.pick(null, `peer-${peer}`, null, 0)!;
      const next = backend.pick(null, `peer-${peer}`, tried(first), 0)!;
      assert.notEqual(next, first);
      assert.equal(backend.pick(null, `peer-${peer}`, tried(first), 0), next);
    }
  });

  test('that meets only the tried endpoint for 16 points goes where fewest are in flight', () => {
    const configs = [endpointConfig(0, 100_000), endpointConfig(1, 1), endpointConfig(2, 1)];
    const backend = backendOf(configs, ring);
    const [heavy, busy, idle] = backend.endpoints;
    for (let sent = 0; sent < 5; sent++) backend.onSent(busy!, 0);
    for (let peer = 0; peer < 50; peer++) {
      assert.equal(backend.pick(null, `peer-${peer}`, tried(heavy!), 0), idle);
    }
  });

  test('takes a request without the key to where fewest are in flight', () => {
    const byUser = { type: 'ring-hash', hashKey: { type: 'header', name: 'X-User' } } as const;
    const backend = backendOf(endpointConfigs(2), byUser);
    backend.onSent(backend.endpoints[0]!, 0);
    assert.deepEqual(countPicks(backend, 20), { 'catalog-1': 20 });
    const alice = headOf('/', { fields: [['x-user', 'alice']] });
    const place = backend.pick(alice, '', null, 0);
    for (let sent = 0; sent < 9; sent++) backend.onSent(place!, 0);
    assert.equal(backend.pick(alice, '', null, 0), place);
  });
});
