/**
 * Claims about who is left out of the picking, whatever the balancer: tried, ejected, full.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancerConfig } from '@remora/api/wire.ts';
import { type Chance, seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import { BREAKER } from '../resilience/endpoint-health.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { Backend } from './backend.ts';
import type { Endpoint } from './endpoint.ts';
import {
  answer,
  backendConfig,
  backendOf,
  backendWorld,
  countPicks,
  endpointConfigs,
  fail,
  fillUp,
  makeRoom,
  tried,
} from './endpoint-fixture.ts';
import { slowStartShare } from './slow-start.ts';

const balancers: readonly Partial<BalancerConfig>[] = [
  { type: 'ewma' },
  { type: 'least-request' },
  { type: 'round-robin' },
  { type: 'ring-hash', hashKey: { type: 'peer', name: '' } },
];
/** No penalty is over before this. */
const PENALTY_MS = 1_000;

/** Whole penalties, and picks by chance all the same. */
function wholePenalties(): Chance {
  const chance = seededChance(5);
  return () => Math.floor(chance() * 1e6) / 1e6;
}

function eject(backend: Backend, index: number, nowMs = 0): Endpoint {
  const endpoint = backend.endpoints[index]!;
  fail(backend, endpoint, nowMs, resilienceDefaults.ejection.failuresMax);
  assert.equal(endpoint.health.state, BREAKER.OPEN);
  endpoint.ewmaMs = 30; // So that only ejection keeps it from being picked.
  endpoint.ewmaAtMs = nowMs;
  return endpoint;
}

/** By index: how often each is picked by different peers. */
function shares(backend: Backend, picks: number, nowMs = 0): number[] {
  const counts = backend.endpoints.map(() => 0);
  for (let pick = 0; pick < picks; pick++) {
    const endpoint = backend.pick(null, `peer-${pick}`, null, nowMs)!;
    counts[backend.endpoints.indexOf(endpoint)]!++;
  }
  return counts.map((count) => count / picks);
}

for (const balancer of balancers) {
  describe(`balanced by ${balancer.type}`, () => {
    test('an ejected endpoint gets nothing, and a full one neither; the others share', () => {
      const backend = backendOf(endpointConfigs(6), balancer, wholePenalties());
      eject(backend, 1);
      fillUp(backend.endpoints[4]!);
      const picked = shares(backend, 8_000, 1);
      assert.deepEqual([picked[1], picked[4]], [0, 0]);
      for (const index of [0, 2, 3, 5]) {
        const share = picked[index]!;
        assert.ok(share > 0.17 && share < 0.35, `${share} of the picks for ${index}`);
      }
    });

    test('every untried one comes before a tried one, through eleven attempts', () => {
      const backend = backendOf(endpointConfigs(12), balancer);
      for (let request = 0; request < 50; request++) {
        const seen = tried();
        for (let attempt = 0; attempt < limits.attemptsMax; attempt++) {
          const endpoint = backend.pick(null, `peer-${request}`, seen, 0)!;
          assert.ok(!seen.has(endpoint), `attempt ${attempt}`);
          seen.add(endpoint);
        }
      }
    });

    test('where none is left: full before tried, tried before ejected, any before none', () => {
      const backend = backendOf(endpointConfigs(4), balancer);
      const [one, two, three, four] = backend.endpoints as [Endpoint, Endpoint, Endpoint, Endpoint];
      eject(backend, 3);
      fillUp(one);
      const pick = (...seen: Endpoint[]) => backend.pick(null, 'a', tried(...seen), 1);
      assert.equal(pick(two, three), one);
      assert.ok([two, three].includes(pick(one, two, three)!));
      fillUp(two);
      assert.equal(pick(one, two, three), three);
      assert.notEqual(pick(one, two, three, four), four);
      for (const endpoint of backend.endpoints) fillUp(endpoint);
      backend.onSent(one, 1);
      assert.equal(pick(three), two);
    });

    test('a due probe takes the first request that may be resent, and only one', () => {
      const backend = backendOf(endpointConfigs(4), balancer, wholePenalties());
      const ejected = eject(backend, 2);
      const soon = PENALTY_MS / 2 - 1;
      assert.notEqual(backend.pick(null, 'a', null, soon, true), ejected);
      for (let pick = 0; pick < 50; pick++) {
        assert.notEqual(backend.pick(null, `peer-${pick}`, null, PENALTY_MS), ejected);
      }
      assert.notEqual(backend.pick(null, 'a', tried(ejected), PENALTY_MS, true), ejected);
      fillUp(ejected);
      assert.notEqual(backend.pick(null, 'a', null, PENALTY_MS, true), ejected);
      makeRoom(ejected);
      assert.equal(backend.pick(null, 'a', null, PENALTY_MS, true), ejected);
      const epoch = backend.onSent(ejected, PENALTY_MS);
      for (let pick = 0; pick < 50; pick++) {
        assert.notEqual(backend.pick(null, `peer-${pick}`, null, PENALTY_MS, true), ejected);
      }
      backend.onDone(ejected, epoch, 5, OUTCOME.OK, PENALTY_MS + 5);
      for (const endpoint of backend.endpoints) endpoint.ewmaAtMs = PENALTY_MS + 5;
      assert.ok(shares(backend, 2_000, PENALTY_MS + 5)[2]! > 0.1);
    });

    test('in panic the ejected are picked like the others, and that is counted', () => {
      const backend = new Backend('k', backendWorld(wholePenalties()));
      const ejection = { ...resilienceDefaults.ejection, ejectedRatioMax: 1, panicRatio: 0.5 };
      backend.apply({ ...backendConfig(endpointConfigs(4), balancer), ejection }, 0);
      for (const index of [0, 1]) eject(backend, index);
      assert.deepEqual(shares(backend, 100, 1).slice(0, 2), [0, 0]);
      assert.equal(backend.ejection.counts.panicPicks, 0);
      eject(backend, 2);
      for (const share of shares(backend, 4_000, 1)) assert.ok(share > 0.15, `${share}`);
      assert.equal(backend.ejection.counts.panicPicks, 4_000);
    });

    test('one held back by a Retry-After is picked again once that is over', () => {
      const backend = backendOf(endpointConfigs(4), balancer);
      backend.holdBack(backend.endpoints[0]!, 2_000, 0);
      assert.equal(shares(backend, 200, 1_999)[0], 0);
      assert.ok(shares(backend, 2_000, 2_000)[0]! > 0.15);
    });
  });
}

describe('two choices', () => {
  const leastRequest: Partial<BalancerConfig> = { type: 'least-request' };

  test('take one draw where nobody is left out', () => {
    let draws = 0;
    const chance = seededChance(2);
    const counted = () => {
      draws++;
      return chance();
    };
    const backend = backendOf(endpointConfigs(100), leastRequest, counted);
    for (let pick = 0; pick < 100; pick++) backend.pick(null, '', null, 0);
    assert.equal(draws, 100);
  });

  for (const [what, size, left] of [
    ['looked through', 6, 4],
    ['drawn on', 60, 40],
    ['too few of many to be drawn', 200, 3],
  ] as const) {
    test(`among those ${what} draw each of the passing equally often`, () => {
      const backend = backendOf(endpointConfigs(size), leastRequest, seededChance(9));
      backend.endpoints.slice(left).forEach((endpoint) => {
        fillUp(endpoint);
      });
      const wanted = 1_000;
      const counts = Object.values(countPicks(backend, left * wanted));
      assert.equal(counts.length, left);
      for (const count of counts) assert.ok(Math.abs(count - wanted) < 170, `${count}`);
    });

    test(`among those ${what} never take the busier of two`, () => {
      const backend = backendOf(endpointConfigs(size), leastRequest, seededChance(9));
      backend.endpoints.slice(2).forEach((endpoint) => {
        fillUp(endpoint);
      });
      backend.onSent(backend.endpoints[0]!, 0);
      assert.deepEqual(countPicks(backend, 200), { 'catalog-1': 200 });
    });
  }
});

describe('a readmitted endpoint', () => {
  function readmit(backend: Backend, index: number): Endpoint {
    const endpoint = backend.endpoints[index]!;
    fail(backend, endpoint, 0, resilienceDefaults.ejection.failuresMax);
    const epoch = backend.onSent(endpoint, PENALTY_MS);
    backend.onDone(endpoint, epoch, 5, OUTCOME.OK, PENALTY_MS);
    assert.equal(endpoint.health.state, BREAKER.CLOSED);
    return endpoint;
  }

  test('starts slowly again, and is measured anew', () => {
    const backend = backendOf(endpointConfigs(4), { slowStartMs: 10_000 }, () => 0);
    const endpoint = readmit(backend, 0);
    assert.equal(slowStartShare(endpoint, 10_000, PENALTY_MS), 0.1);
    assert.equal(slowStartShare(endpoint, 10_000, PENALTY_MS + 10_000), 1);
    assert.equal(endpoint.ewmaMs, 5, 'the seconds of its failures are forgotten');
  });

  test('gets its share under peak EWMA, which its failures would have kept from it', () => {
    const backend = backendOf(endpointConfigs(4));
    const endpoint = readmit(backend, 0);
    for (const other of backend.endpoints) answer(backend, other, 40, PENALTY_MS);
    const counts = countPicks(backend, 4_000, PENALTY_MS + 10_000);
    assert.ok(counts[endpoint.instance]! > 500, JSON.stringify(counts));
  });
});

test('a refusal by a peer costs as a failure does, and never ejects', () => {
  const backend = backendOf(endpointConfigs(2));
  const refusing = backend.endpoints[0]!;
  for (let refusal = 0; refusal < 100; refusal++) {
    const epoch = backend.onSent(refusing, 0);
    backend.onDone(refusing, epoch, 1, OUTCOME.REFUSED_BY_PEER, 0);
  }
  assert.equal(refusing.health.state, BREAKER.CLOSED);
  assert.deepEqual(countPicks(backend, 50), { 'catalog-1': 50 });
});

test('on a ring ejection moves only the keys of the ejected, until it is readmitted', () => {
  const backend = backendOf(endpointConfigs(10), balancers[3], () => 0);
  const places = (nowMs: number) =>
    Array.from({ length: 500 }, (_, peer) => backend.pick(null, `peer-${peer}`, null, nowMs)!);
  const before = places(0);
  const ejected = eject(backend, 3);
  const during = places(1);
  for (const [peer, place] of before.entries()) {
    if (place === ejected) assert.notEqual(during[peer], ejected);
    else assert.equal(during[peer], place);
  }
  const epoch = backend.onSent(ejected, PENALTY_MS);
  backend.onDone(ejected, epoch, 5, OUTCOME.OK, PENALTY_MS);
  assert.deepEqual(places(PENALTY_MS), before);
});
