/** Claims about names of metrics: what a hint, a page or a query names exists, well formed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ClusterMetrics } from '@remora/control-plane/cluster-metrics.ts';
import type { Core } from '@remora/control-plane/core.ts';
import { emptyWorld } from '@remora/control-plane/world.ts';
import { ERRORS } from '@remora/api/errors.ts';
import { systemClock } from '../proxy/src/clock.ts';
import { familyName } from '../proxy/src/telemetry/exposition.ts';
import { idleSources } from '../proxy/src/telemetry/metric-sources.ts';
import { ProxyMetrics } from '../proxy/src/telemetry/proxy-metrics.ts';
import { QUERIES } from './metric-queries.ts';

const root = join(import.meta.dirname, '..');
const entries = new ProxyMetrics(idleSources(), systemClock).registry.entries();
const core = { server: { proxies: () => [] }, world: emptyWorld, problems: [] };
/** What only a running control plane fills is read of a core that has nothing. */
const control = await new ClusterMetrics(core as unknown as Core, () => false).page();
const names = new Set([
  ...[...control.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name),
  ...entries.flatMap(({ name, type }) =>
    type === 'histogram' ? ['', '_bucket', '_sum', '_count'].map((part) => name + part) : [name],
  ),
]);

function unknownIn(text: string, pattern = /\bremora_[a-z0-9_]+/g): string[] {
  return [...text.matchAll(pattern)].map(([name]) => name).filter((name) => !names.has(name));
}

describe('a metric that is named', () => {
  test('in the hint of an error exists', () => {
    for (const [code, { hint }] of Object.entries(ERRORS)) {
      assert.deepEqual(unknownIn(hint), [], code);
    }
  });

  test('in a page of docs or in the README exists', () => {
    const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
    const files = pages.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
    for (const file of [...files, 'README.md']) {
      assert.deepEqual(unknownIn(readFileSync(join(root, file), 'utf8')), [], file);
    }
  });

  test('in a documented query exists', () => {
    const metric = /\b(?:remora|request|response|http_request)_[a-z_]+(?=[[{),]|$)/g;
    for (const [name, { query }] of Object.entries(QUERIES)) {
      assert.ok(query.match(metric) !== null, name);
      assert.deepEqual(unknownIn(query, metric), [], name);
    }
  });
});

describe('every metric', () => {
  test('has its name to itself, in either format', () => {
    for (const format of ['text', 'openmetrics'] as const) {
      const families = entries.map(({ name, type }) => familyName(name, type, format));
      assert.deepEqual([...new Set(families)], families, format);
    }
  });

  test('ends with _total if it counts, and only then', () => {
    for (const { name, type } of entries) {
      assert.equal(name.endsWith('_total'), type === 'counter', name);
    }
  });

  test('says what it is in one line that needs no escaping', () => {
    for (const { name, help } of entries) assert.match(help, /^[^\\"\n]+\.$/, name);
  });
});
