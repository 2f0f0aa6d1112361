/** Claims about the plain dialect: what inbound requests are counted as, and that it is bounded. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import { METHOD } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { idleSources } from './metric-sources.ts';
import { ProxyMetrics } from './proxy-metrics.ts';

function oneOf(direction: 'inbound' | 'outbound') {
  const clock = new ManualClock();
  const metrics = new ProxyMetrics(idleSources(), clock);
  const series = metrics.bindRouteSeries({
    ...{ direction, dst_service: 'web', dst_namespace: 'shop', dst_port: '80' },
    ...{ route: '', backend: '' },
  });
  const counts = () => {
    const text = [...metrics.registry.expose()].join('');
    return text.match(/^http_request_duration_seconds_count.*$/gm) ?? [];
  };
  return { clock, metrics, series, counts };
}

const countOf = (labels: string, count: number) =>
  `http_request_duration_seconds_count{${labels}} ${count}`;

describe('an inbound request', () => {
  test('is counted by its method and status, from 0 on for the commonest', () => {
    const { series, counts } = oneOf('inbound');
    assert.deepEqual(counts(), [countOf('method="GET",status="200"', 0)]);
    series.record(201, 3, false, METHOD.POST);
    series.record(200, 3, false, METHOD.GET);
    series.record(201, 3, false, METHOD.POST);
    assert.deepEqual(counts(), [
      countOf('method="GET",status="200"', 1),
      countOf('method="POST",status="201"', 2),
    ]);
  });

  test('of a method that nobody knows is counted as other', () => {
    const { series, counts } = oneOf('inbound');
    series.record(200, 3, false, METHOD.OTHER);
    series.record(200, 3, false);
    assert.deepEqual(counts().slice(1), [countOf('method="other",status="200"', 2)]);
  });

  test('never makes more series than the bound and one for each method', () => {
    const { series, counts } = oneOf('inbound');
    for (let status = 200; status < 600; status++) {
      for (const method of Object.values(METHOD)) series.record(status, 1, false, method);
    }
    const methods = 8;
    assert.ok(counts().length <= limits.statusSeriesMax + methods, `${counts().length} series`);
    assert.ok(counts().some((line) => line.includes('status="other"')));
  });

  test('leaves no series behind when its proxy has no application for ten minutes', () => {
    const { clock, metrics, series, counts } = oneOf('inbound');
    series.record(404, 1, false, METHOD.GET);
    metrics.releaseRouteSeries(series);
    clock.advanceMs(limits.seriesIdleMs);
    metrics.sweep();
    assert.deepEqual(counts(), []);
  });

  test('shows the trace of the one recorded last in both dialects', () => {
    const { metrics, series } = oneOf('inbound');
    series.record(500, 30, true, METHOD.PUT);
    series.exemplify(30, 'abc', 1);
    const text = [...metrics.registry.expose('openmetrics')].join('');
    assert.match(text, /^response_latency_ms_bucket\{.*le="30"\} 1 # \{trace_id="abc"\} 30 1$/m);
    const plain =
      /^http_request_duration_seconds_bucket\{method="PUT",.*le="0.05"\} 1 # \{.*\} 0.03/m;
    assert.match(text, plain);
  });
});

test('an outbound request is not counted in the plain dialect', () => {
  const { series, counts } = oneOf('outbound');
  series.record(200, 3, false, METHOD.GET);
  assert.deepEqual(counts(), []);
});
