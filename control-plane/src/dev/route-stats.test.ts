/** Claims about the numbers of the view: they are the growth of counters, whoever was restarted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { quantile, RouteStats, type RuleCounters } from './route-stats.ts';

const V1 = 'catalog-v1.shop:80';
const V2 = 'catalog-v2.shop:80';

function counted(backend: string, requests: number, failures = 0): RuleCounters {
  const latency = new Map([[10, requests]]);
  return { destination: 'catalog', rule: 'canary', backend, requests, failures, latency };
}

/** Slices of one second, each with the counters of one proxy. */
function statsOf(...slices: RuleCounters[][]): RouteStats {
  const stats = new RouteStats();
  for (const slice of slices) stats.add(new Map([['storefront-0', slice]]), 1);
  return stats;
}

function numbersOf(stats: RouteStats, weights = '90 10') {
  return stats.numbers('catalog', 'canary', weights);
}

describe('the numbers of a route', () => {
  test('are growth per second, summed over backends', () => {
    const stats = statsOf([counted(V1, 0), counted(V2, 0)], [counted(V1, 18), counted(V2, 2)]);
    assert.equal(numbersOf(stats).requestsPerSecond, 10);
  });

  test('count failures against requests', () => {
    assert.equal(numbersOf(statsOf([counted(V1, 100, 5)])).successRatio, 0.95);
  });

  test('are unknown and not perfect when no request was made', () => {
    const { successRatio, p50Ms, shares } = numbersOf(statsOf([]));
    assert.deepEqual([successRatio, p50Ms, shares.size], [null, null, 0]);
  });

  test('look back ten seconds only', () => {
    const slices = Array.from({ length: 30 }, (_, second) => [counted(V1, second < 15 ? 0 : 500)]);
    assert.equal(numbersOf(statsOf(...slices)).requestsPerSecond, 0);
  });

  test('are never negative after a proxy was started again', () => {
    const stats = statsOf([counted(V1, 100)], [counted(V1, 4)]);
    assert.equal(numbersOf(stats).requestsPerSecond, 52);
  });

  test('sum over the proxies that use the route', () => {
    const stats = new RouteStats();
    stats.add(
      new Map([
        ['a', [counted(V1, 3)]],
        ['b', [counted(V1, 4)]],
      ]),
      1,
    );
    assert.equal(numbersOf(stats).requestsPerSecond, 7);
  });
});

describe('what happens lately', () => {
  test('is told by backend, and only where there was a request', () => {
    const stats = statsOf([counted(V1, 90, 9), counted(V2, 10), counted('', 0)]);
    assert.deepEqual(
      stats
        .lately()
        .map(({ backend, requestsPerSecond, successRatio }) => [
          ...[backend, requestsPerSecond, successRatio],
        ]),
      [
        [V1, 90, 0.9],
        [V2, 10, 1],
      ],
    );
  });

  test('leaves out what a proxy had counted before it was found, and no rule of later', () => {
    const stats = new RouteStats('as found');
    stats.add(new Map([['a', [counted(V1, 1_000)]]]), 0);
    assert.deepEqual(stats.lately(), []);
    stats.add(new Map([['a', [counted(V1, 1_004), counted(V2, 6)]]]), 2);
    stats.add(new Map([['b', [counted(V1, 5_000)]]]), 0);
    const rates = stats.lately().map((row) => [row.backend, row.requestsPerSecond]);
    assert.deepEqual(
      new Map(rates as [string, number][]),
      new Map([
        [V1, 2],
        [V2, 3],
      ]),
    );
  });
});

describe('the shares of a route', () => {
  test('are of the requests that went to a backend', () => {
    const { shares } = numbersOf(statsOf([counted(V1, 90), counted(V2, 10), counted('', 50)]));
    assert.deepEqual([shares.get(V1), shares.get(V2)], [0.9, 0.1]);
  });

  test('begin anew when the weights change, without the slice in which they did', () => {
    const stats = statsOf([counted(V1, 900), counted(V2, 100)]);
    numbersOf(stats, '90 10');
    assert.equal(numbersOf(stats, '50 50').shares.size, 0);
    stats.add(new Map([['storefront-0', [counted(V1, 950), counted(V2, 110)]]]), 1);
    assert.equal(numbersOf(stats, '50 50').shares.size, 0);
    stats.add(new Map([['storefront-0', [counted(V1, 960), counted(V2, 120)]]]), 1);
    const { shares } = numbersOf(stats, '50 50');
    assert.deepEqual([shares.get(V1), shares.get(V2)], [0.5, 0.5]);
  });
});

describe('a quantile', () => {
  const counts = new Map([
    [1, 50],
    [2, 40],
    [Number.POSITIVE_INFINITY, 10],
  ]);

  test('lies inside the bucket that holds it', () => {
    assert.equal(quantile(counts, 0.5), 1);
    assert.equal(quantile(counts, 0.7), 1.5);
  });

  test('in the open bucket is at least the last bound', () => {
    assert.equal(quantile(counts, 0.99), 2);
  });
});
