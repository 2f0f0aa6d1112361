/** Claims about `rate-limit.ts` and its table. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RateLimitConfig } from '@remora/api/wire-resilience.ts';
import fc from 'fast-check';
import { seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { headOf } from '../routing/head-fixture.ts';
import { BucketTable, NO_BUCKET } from './bucket-table.ts';
import { RateLimit } from './rate-limit.ts';

type Key = RateLimitConfig['key']['type'];

function limitOf(type: Key, ratePerSecond = 10, burst = 5): RateLimit {
  const key = { type, name: type === 'header' ? 'X-User' : '' };
  return new RateLimit({ ratePerSecond, burst, key }, seededChance(5));
}

const head = headOf('/');
const from = (user: string) => headOf('/', { fields: [['x-user', user]] });

describe('a rate limit', () => {
  test('lets a burst pass at once, then the rate', () => {
    const limit = limitOf('all');
    for (let request = 0; request < 5; request++) assert.equal(limit.spend(head, '', 0), 0);
    assert.equal(limit.spend(head, '', 0), 100);
    assert.equal(limit.spend(head, '', 99.5), 1);
    assert.equal(limit.spend(head, '', 100), 0);
    assert.equal(limit.spend(head, '', 100), 100);
  });

  test('says the wait after which a request passes: a millisecond sooner it does not', () => {
    const limit = limitOf('all', 3, 1);
    assert.equal(limit.spend(head, '', 0), 0);
    const waitMs = limit.spend(head, '', 0);
    assert.equal(waitMs, 334);
    assert.notEqual(limit.spend(head, '', waitMs - 1), 0);
    assert.equal(limit.spend(head, '', waitMs), 0);
  });

  test('takes nothing for what it refuses', () => {
    const limit = limitOf('all', 10, 1);
    limit.spend(head, '', 0);
    for (let atMs = 0; atMs < 100; atMs++) assert.notEqual(limit.spend(head, '', atMs), 0);
    assert.equal(limit.spend(head, '', 100), 0);
  });

  test('by header gives each value a bucket of its own', () => {
    const limit = limitOf('header', 10, 1);
    assert.equal(limit.spend(from('alice'), '', 0), 0);
    assert.equal(limit.spend(from('bob'), '', 0), 0);
    assert.notEqual(limit.spend(from('alice'), '', 0), 0);
    assert.notEqual(limit.spend(from('bob'), '10.0.0.9', 0), 0);
  });

  test('by header has one bucket for all who leave it out or empty', () => {
    const limit = limitOf('header', 10, 1);
    assert.equal(limit.spend(head, '10.0.0.1', 0), 0);
    assert.notEqual(limit.spend(head, '10.0.0.2', 0), 0);
    assert.notEqual(limit.spend(from(''), '10.0.0.3', 0), 0);
  });

  test('by peer gives each address a bucket of its own, and says that it needs it', () => {
    const limit = limitOf('peer', 10, 1);
    assert.ok(limit.needsPeer && !limitOf('header').needsPeer);
    assert.equal(limit.spend(head, '10.0.0.1', 0), 0);
    assert.equal(limit.spend(head, '10.0.0.2', 0), 0);
    assert.notEqual(limit.spend(head, '10.0.0.1', 0), 0);
  });
});

describe('more callers than there are buckets', () => {
  test('share one, and are counted, while no bucket is full', () => {
    const limit = limitOf('peer', 1, 2);
    for (let caller = 0; caller < limits.rateLimitKeysMax; caller++) {
      assert.equal(limit.spend(head, `caller-${caller}`, 0), 0);
    }
    assert.equal(limit.overflows, 0);
    assert.equal(limit.spend(head, 'one', 0), 0);
    assert.equal(limit.spend(head, 'two', 0), 0);
    assert.notEqual(limit.spend(head, 'three', 0), 0);
    assert.equal(limit.overflows, 3);
    assert.equal(limit.spend(head, 'caller-0', 0), 0, 'who has a bucket keeps it');
  });

  test('take over buckets that are full again, oldest first', () => {
    const limit = limitOf('peer', 1, 2);
    for (let caller = 0; caller < limits.rateLimitKeysMax; caller++) {
      limit.spend(head, `caller-${caller}`, caller / 10);
    }
    assert.equal(limit.spend(head, 'new', 1_000), 0);
    assert.equal(limit.overflows, 0);
  });
});

describe('the table of buckets', () => {
  test('keeps who was used last, and makes room from the other end', () => {
    const table = new BucketTable(2);
    table.open(1, 1, 0);
    table.open(2, 2, 0);
    table.open(1, 1, 0);
    const third = table.open(3, 3, 0); // Both are full: 2 was used before 1.
    table.fullAtMs[third] = 5;
    const first = table.open(1, 1, 0);
    assert.notEqual(first, third);
    table.fullAtMs[first] = 5;
    assert.equal(table.open(4, 4, 4), NO_BUCKET);
    assert.equal(table.open(4, 4, 5), third);
  });

  test('model: a key finds its bucket, and only a full one is taken from it', () => {
    const step = fc.record({ key: fc.nat(9), passMs: fc.nat(3), holdMs: fc.nat(8) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const table = new BucketTable(4);
        const model = new Map<number, number>();
        let nowMs = 0;
        for (const { key, passMs, holdMs } of steps) {
          nowMs += passMs;
          const bucket = table.open(key, -key, nowMs);
          if (bucket === NO_BUCKET) {
            assert.ok(!model.has(key) && model.size === 4);
            assert.ok([...model.values()].every((fullAtMs) => fullAtMs > nowMs));
            continue;
          }
          const fullAtMs = model.get(key);
          if (fullAtMs === undefined) {
            assert.equal(table.fullAtMs[bucket], nowMs);
            if (model.size === 4) {
              // By order of use, as a Map keeps it when what is used is set anew.
              const gone = [...model].find(([, full]) => full <= nowMs);
              model.delete(gone![0]);
            }
          } else {
            assert.equal(table.fullAtMs[bucket], fullAtMs);
          }
          model.delete(key);
          table.fullAtMs[bucket] = Math.max(nowMs, table.fullAtMs[bucket]!) + holdMs;
          model.set(key, table.fullAtMs[bucket]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const schedule = fc.array(
  fc.record({
    passMs: fc.oneof(
      { weight: 5, arbitrary: fc.double({ min: 0, max: 50, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(-100, 1_000, 3_600_000) },
    ),
    caller: fc.nat(2),
    requests: fc.nat(6),
  }),
  { maxLength: 60 },
);

test('property: in no window does a caller pass more often than burst and rate allow', () => {
  const rates = fc.record({
    rate: fc.constantFrom(0.5, 3, 10, 1_000),
    burst: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(schedule, rates, (steps, { rate, burst }) => {
      const limit = limitOf('peer', rate, burst);
      const passed: number[][] = [[], [], []];
      let nowMs = 0;
      let latestMs = 0; // A clock that goes back brings no tokens. Only requests read it.
      for (const { passMs, caller, requests } of steps) {
        nowMs += passMs;
        if (requests > 0) latestMs = Math.max(latestMs, nowMs);
        for (let request = 0; request < requests; request++) {
          if (limit.spend(head, `caller-${caller}`, nowMs) === 0) passed[caller]!.push(latestMs);
        }
      }
      for (const instants of passed) {
        for (let first = 0; first < instants.length; first++) {
          for (let last = first; last < instants.length; last++) {
            const seconds = (instants[last]! - instants[first]!) / 1_000;
            assert.ok(last - first + 1 <= burst + rate * seconds + 1e-6);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});
