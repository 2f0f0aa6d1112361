/** Claims about the configurations that peers are given: the same work for all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shopTable, wideTable } from '../route-table.ts';
import { envoyBootstrap } from './envoy-config.ts';
import { serversOf } from './weighted-servers.ts';

test('flat servers carry the split of the clusters they come from', () => {
  const servers = serversOf(shopTable(20_000), 'catalog');
  assert.deepEqual(servers, [
    { port: 20_000, weight: 45 },
    { port: 20_001, weight: 45 },
    { port: 20_002, weight: 10 },
  ]);
});

test('a table that a flat list cannot say is refused, not rendered wrongly', () => {
  assert.throws(() => serversOf(wideTable(20_000, 4, 16), 'catalog'));
});

test("Envoy's full configuration splits, retries, limits, ejects and counts", () => {
  const text = JSON.stringify(envoyBootstrap(shopTable(20_000), 1, 'full'));
  const wanted = [
    '"clusters":[{"name":"catalog-v1","weight":90},{"name":"catalog-v2","weight":10}]',
    '"retry_policy"',
    '"circuit_breakers"',
    '"outlier_detection"',
    '"generate_request_id":true',
  ];
  for (const part of wanted) assert.ok(text.includes(part), part);
  assert.ok(!text.includes('stats_matcher'));
});

test('the minimal one does none of that', () => {
  const text = JSON.stringify(envoyBootstrap(shopTable(20_000), 1, 'minimal'));
  for (const part of ['weighted_clusters', 'retry_policy', 'circuit_breakers', 'outlier']) {
    assert.ok(!text.includes(part), part);
  }
});
