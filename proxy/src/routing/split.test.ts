/**
 * Claims about `split.ts`: shares, and who stays where.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StickyConfig } from '@remora/api/wire.ts';
import fc from 'fast-check';
import { seededChance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import { headOf } from './head-fixture.ts';
import { NO_TARGET, Split } from './split.ts';

const KEYS = 100_000;
const byPeer: StickyConfig = { key: { type: 'peer', name: '' }, salt: 'shop/catalog' };
const head = headOf('/');

function splitOf(weights: readonly number[], sticky: StickyConfig | null = null): Split {
  return new Split(
    weights.map((weight, index) => ({ key: `catalog-v${index + 1}.shop:80`, weight })),
    sticky,
  );
}

/** Where each of so many users goes. */
function placesOf(split: Split, keys = KEYS, spell = (key: number) => `user-${key}`): Int8Array {
  return Int8Array.from({ length: keys }, (_, key) => split.choose(head, spell(key), 0.5));
}

function sharesOf(places: Int8Array, targets: number): number[] {
  const counts = new Array<number>(targets).fill(0);
  for (const place of places) counts[place]!++;
  return counts.map((count) => (100 * count) / places.length);
}

function assertShares(shares: readonly number[], weights: readonly number[], points: number): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  weights.forEach((weight, index) => {
    const off = Math.abs(shares[index]! - (100 * weight) / total);
    assert.ok(off < points, `share ${shares[index]} of weight ${weight} in ${total}`);
  });
}

const weightings = [
  [1, 1],
  [90, 10],
  [95, 5],
  [1, 999_999],
  [50, 30, 20],
  [0, 3, 0, 1],
  [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
];

describe('a sticky split', () => {
  for (const weights of weightings) {
    test(`of ${weights.join(' : ')} holds within a point at 100,000 users`, () => {
      const places = placesOf(splitOf(weights, byPeer));
      assertShares(sharesOf(places, weights.length), weights, 1);
    });
  }

  const spellings: Record<string, (key: number) => string> = {
    'plain numbers': String,
    addresses: (key) => `10.0.${key >>> 8}.${key & 255}`,
    'long common prefixes': (key) => `00000000-0000-4000-8000-${String(key).padStart(12, '0')}`,
    'common endings': (key) => `${key}@example.com`,
  };
  for (const [name, spell] of Object.entries(spellings)) {
    test(`holds within half a point for users named by ${name}`, () => {
      const shares = sharesOf(placesOf(splitOf([90, 10], byPeer), KEYS, spell), 2);
      assertShares(shares, [90, 10], 0.5);
    });
  }

  test('growing from 5% to 10% only adds users to the canary', () => {
    const before = placesOf(splitOf([95, 5], byPeer));
    const after = placesOf(splitOf([90, 10], byPeer));
    let added = 0;
    for (let user = 0; user < KEYS; user++) {
      if (before[user] === 1) assert.equal(after[user], 1, `user ${user} left the canary`);
      else if (after[user] === 1) added++;
    }
    assert.ok(Math.abs(added / KEYS - 0.05) < 0.005, `${added} added`);
  });

  test('a user keeps the backend through another process and another order of backends', () => {
    const forth = new Split(
      ['a', 'b', 'c'].map((key) => ({ key, weight: 1 })),
      byPeer,
    );
    const back = new Split(
      ['c', 'b', 'a'].map((key) => ({ key, weight: 1 })),
      byPeer,
    );
    for (let user = 0; user < 1_000; user++) {
      const place = forth.choose(head, `user-${user}`, 0);
      assert.equal(back.choose(head, `user-${user}`, 0.99), 2 - place);
    }
    // Pinned: changing the hash would move everybody's users.
    const pinned = Array.from({ length: 12 }, (_, user) => forth.choose(head, `user-${user}`, 0));
    assert.equal(pinned.join(''), '101001212201');
  });

  test('another salt puts other users into the canary', () => {
    const here = placesOf(splitOf([90, 10], byPeer));
    const there = placesOf(splitOf([90, 10], { ...byPeer, salt: 'shop/cart' }));
    const both = here.reduce(
      (sum, place, user) => sum + (place === 1 && there[user] === 1 ? 1 : 0),
      0,
    );
    assert.ok(Math.abs(both / KEYS - 0.01) < 0.003, `${both} users are in both`);
  });

  test('naming one backend twice gives it both weights', () => {
    const targets = ['a', 'a', 'b'].map((key) => ({ key, weight: 1 }));
    assertShares(sharesOf(placesOf(new Split(targets, byPeer)), 3), [1, 1, 1], 1);
  });
});

test('property: raising one weight moves users to that backend and to nowhere else', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.nat(), fc.integer({ min: 1, max: 1_000 }), (before, at, more) => {
      const raised = at % before.length;
      const after = before.map((weight, index) => (index === raised ? weight + more : weight));
      const placesBefore = placesOf(splitOf(before, byPeer), 300);
      const placesAfter = placesOf(splitOf(after, byPeer), 300);
      placesAfter.forEach((place, user) => {
        assert.ok(place === raised || place === placesBefore[user]);
        assert.ok(after[place]! > 0);
      });
    }),
  );
});

describe('the key of a sticky split', () => {
  const byHeader: StickyConfig = { key: { type: 'header', name: 'X-User' }, salt: 's' };
  const byCookie: StickyConfig = { key: { type: 'cookie', name: 'uid' }, salt: 's' };

  /** Whether chance decides: a user with a key stays whatever the chance. */
  function isByChance(sticky: StickyConfig, request: Head): boolean {
    const split = splitOf([1, 1], sticky);
    return split.choose(request, '', 0) !== split.choose(request, '', 0.999);
  }
  const cookie = (...lines: string[]) =>
    headOf('/', { fields: lines.map((line) => ['cookie', line] as const) });

  test('missing or empty leaves the request to chance', () => {
    assert.ok(isByChance(byHeader, head));
    assert.ok(isByChance(byHeader, headOf('/', { fields: [['x-user', '']] })));
    assert.ok(!isByChance(byHeader, headOf('/', { fields: [['x-user', 'alice']] })));
    assert.ok(isByChance(byPeer, head));
  });

  test('in a cookie is found by its whole name, in any place of any line', () => {
    for (const line of ['uid=7', 'a=1; uid=7', 'a=1;uid=7; b=2', 'xuid=1; uid=7 ; uidx=2']) {
      assert.ok(!isByChance(byCookie, cookie(line)), line);
    }
    assert.ok(!isByChance(byCookie, cookie('a=1', 'uid=7')));
    for (const line of ['', 'uid=', 'uid', 'UID=7', 'xuid=7', 'uidx=7', 'a=uid=7', 'uid=; a=1']) {
      assert.ok(isByChance(byCookie, cookie(line)), line);
    }
  });

  test('is the value alone: what stands around it changes nothing', () => {
    const split = splitOf([1, 1, 1, 1], byCookie);
    for (let user = 0; user < 100; user++) {
      const place = split.choose(cookie(`uid=${user}`), '', 0);
      assert.equal(split.choose(cookie(`a=${user}; uid=${user} ; b=1`), '', 0), place);
    }
  });
});

describe('a split by chance', () => {
  for (const weights of weightings) {
    test(`of ${weights.join(' : ')} converges to its weights`, () => {
      const split = splitOf(weights);
      const chance = seededChance(7);
      const places = Int8Array.from({ length: KEYS }, () => split.choose(head, '', chance()));
      assertShares(sharesOf(places, weights.length), weights, 0.5);
    });
  }

  test('gives weight 0 nothing, at either end of chance', () => {
    const split = splitOf([0, 1, 0, 1, 0]);
    assert.equal(split.choose(head, '', 0), 1);
    assert.equal(split.choose(head, '', 1 - 2 ** -53), 3);
  });

  test('has no target where all weights are 0, or none is given', () => {
    assert.equal(splitOf([]).choose(head, '', 0), NO_TARGET);
    assert.equal(splitOf([0, 0]).choose(head, '', 0.5), NO_TARGET);
    assert.equal(splitOf([0, 0], byPeer).choose(head, 'alice', 0.5), NO_TARGET);
  });
});
