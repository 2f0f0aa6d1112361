/** Claims about the proxy's metrics: documented as they are, and kept over configurations. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { idleSources } from './metric-sources.ts';
import { ProxyMetrics } from './proxy-metrics.ts';
import type { RouteLabels } from './route-series.ts';

const labels: RouteLabels = {
  direction: 'outbound',
  dst_service: 'catalog',
  dst_namespace: 'shop',
  dst_port: '80',
  route: 'canary',
  backend: 'catalog-v1.shop:80',
};

function newMetrics(clock = new ManualClock()): ProxyMetrics {
  const { counts } = idleSources();
  const sources = idleSources({
    counts: { ...counts, inFlight: 3 },
    downstreamConnections: () => 5,
  });
  return new ProxyMetrics(sources, clock);
}

function textOf(metrics: ProxyMetrics): string {
  return [...metrics.registry.expose()].join('');
}

describe('the metrics of a route', () => {
  test('are there at 0 before the first request', () => {
    const metrics = newMetrics();
    metrics.bindRouteSeries(labels);
    assert.match(textOf(metrics), /^request_total\{direction="outbound",.*\} 0$/m);
    assert.match(textOf(metrics), /^response_latency_ms_count\{.*\} 0$/m);
    assert.match(textOf(metrics), /^response_total\{.*"200",classification="success"\} 0$/m);
    assert.match(textOf(metrics), /^response_total\{.*"500",classification="failure"\} 0$/m);
    assert.match(textOf(metrics), /^response_total\{.*"503",classification="failure"\} 0$/m);
  });

  test('count a request once, by its status and by whether it failed', () => {
    const metrics = newMetrics();
    const series = metrics.bindRouteSeries(labels);
    for (const [status, failed] of [
      [200, false],
      [200, false],
      [503, true],
      [200, true],
    ] as const) {
      series.record(status, 7, failed);
    }
    assert.deepEqual([series.requests, series.successes, series.failures], [4, 2, 2]);
    const text = textOf(metrics);
    assert.match(text, /^response_total\{.*status_code="200",classification="success"\} 2$/m);
    assert.match(text, /^response_total\{.*status_code="200",classification="failure"\} 1$/m);
    assert.match(text, /^response_total\{.*status_code="503",classification="failure"\} 1$/m);
    assert.match(text, /^response_latency_ms_bucket\{.*le="10"\} 4$/m);
    assert.match(text, /^response_latency_ms_bucket\{.*le="5"\} 0$/m);
  });

  test('go on counting when a new configuration binds them before the old one lets go', () => {
    const metrics = newMetrics();
    const before = metrics.bindRouteSeries(labels);
    before.record(200, 1, false);
    const after = metrics.bindRouteSeries({ ...labels });
    metrics.releaseRouteSeries(before);
    after.record(200, 1, false);
    assert.equal(after.requests, 2);
  });

  test('go ten minutes after the last one let go, and a late request then counts nowhere', () => {
    const clock = new ManualClock();
    const metrics = newMetrics(clock);
    const series = metrics.bindRouteSeries(labels);
    series.record(200, 1, false);
    metrics.releaseRouteSeries(series);
    clock.advanceMs(limits.seriesIdleMs - 1);
    metrics.sweep();
    assert.match(textOf(metrics), /^request_total\{/m);
    clock.advanceMs(1);
    metrics.sweep();
    assert.doesNotMatch(textOf(metrics), /^(request|response)_total\{/m);
    series.record(200, 1, false);
    series.record(404, 1, false);
    assert.doesNotMatch(textOf(metrics), /^(request|response)_total\{/m);
    assert.equal(metrics.bindRouteSeries(labels).requests, 0);
  });

  test('that are not shown appear with the first request', () => {
    const metrics = newMetrics();
    const series = metrics.bindRouteSeries(labels, false);
    assert.doesNotMatch(textOf(metrics), /^request_total\{/m);
    series.record(302, 1, false);
    assert.match(textOf(metrics), /^request_total\{.*\} 1$/m);
  });

  test('hold no more statuses than the bound, whatever an upstream invents', () => {
    const metrics = newMetrics();
    const series = metrics.bindRouteSeries(labels);
    for (let status = 200; status < 900; status++) series.record(status, 1, false);
    const lines = textOf(metrics).match(/^response_total\{.*$/gm) ?? [];
    assert.equal(lines.length, limits.statusSeriesMax + 1);
    assert.equal(series.successes, 700);
    assert(lines.some((line) => line.includes('status_code="other"')));
  });
});

describe('the other metrics', () => {
  test('know every error code from the first scrape', () => {
    const metrics = newMetrics();
    metrics.refused('RMR_NO_ROUTE');
    assert.match(textOf(metrics), /^remora_refused_total\{code="RMR_NO_ROUTE"\} 1$/m);
    assert.match(textOf(metrics), /^remora_refused_total\{code="RMR_NO_ENDPOINTS"\} 0$/m);
  });

  test('tell what became of requests with a key, from the first scrape', () => {
    const metrics = newMetrics();
    metrics.endedDuplicate('waited');
    assert.match(textOf(metrics), /^remora_duplicates_total\{end="waited"\} 1$/m);
    assert.match(textOf(metrics), /^remora_duplicates_total\{end="untracked"\} 0$/m);
  });

  test('read the data path when scraped', () => {
    assert.match(textOf(newMetrics()), /^remora_exchanges_in_flight 3$/m);
    assert.match(textOf(newMetrics()), /^remora_downstream_connections 5$/m);
    assert.match(textOf(newMetrics()), /^process_resident_memory_bytes [1-9]\d+$/m);
  });
});
