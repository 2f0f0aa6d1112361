/** Claims about the snapshots that the benches feed to Remora. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationsOf, snapshotOf, traced } from './remora-config.ts';
import { SHOP_PORTS, shopTable, wideTable } from './route-table.ts';

test('every backend that a rule names is in its destination', () => {
  const tables = [shopTable(20_000), wideTable(20_000, 1_000, 1_000)];
  for (const { rules, backends, fallback } of tables.flatMap(destinationsOf)) {
    for (const { backend } of [...rules, fallback].flatMap((rule) => rule.backends)) {
      assert.ok(backends[backend!] !== undefined, `${backend}`);
    }
  }
});

test('the wide table has 1,000 rules over 1,000 different endpoints, four to a rule', () => {
  const [catalog] = destinationsOf(wideTable(20_000, 1_000, 1_000));
  const ports = Object.values(catalog!.backends).flatMap((backend) =>
    backend.endpoints.map((endpoint) => endpoint.port),
  );
  assert.equal(catalog!.rules.length, 1_000);
  assert.equal(new Set(ports).size, 1_000);
  assert.equal(catalog!.backends['pool-125.shop:80']!.endpoints.length, 4);
});

test('longer prefixes are matched first, each leading to its own rule', () => {
  const [catalog] = destinationsOf(wideTable(20_000, 100, 16));
  const lengths = catalog!.matches!.map((match) => match.path!.value.length);
  assert.deepEqual(
    lengths,
    lengths.toSorted((a, b) => b - a),
  );
  for (const { rule, path } of catalog!.matches!) {
    assert.equal(path!.value, `/${catalog!.rules[rule]!.id}`);
  }
});

test('the shop uses exactly the ports that were set aside for it', () => {
  const ports = shopTable(20_000).clusters.flatMap((cluster) => cluster.ports);
  assert.deepEqual(
    ports.toSorted(),
    Array.from({ length: SHOP_PORTS }, (_, at) => 20_000 + at),
  );
});

test('a snapshot is keyed by destination and carries the version asked for', () => {
  const { destinations } = snapshotOf(shopTable(20_000), 'abc');
  assert.equal(destinations['catalog.shop:80']?.version, 'abc');
  assert.equal(Object.keys(destinations).length, 5);
});

test('tracing is told by another version of the inbound alone', () => {
  const snapshot = snapshotOf(shopTable(20_000));
  const tracing = { collector: null, sampleRatio: 0.01, slowMs: null };
  const { inbound, destinations } = traced(snapshot, tracing, 'on');
  assert.equal(inbound?.version, 'on');
  assert.deepEqual(inbound?.config.tracing, tracing);
  assert.deepEqual(destinations, snapshot.destinations);
});
