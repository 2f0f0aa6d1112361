/** Claims about what is counted of the traces that requests come with. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import { idleSources } from './metric-sources.ts';
import { ProxyMetrics } from './proxy-metrics.ts';
import { countTrace, noTraces } from './trace-counts.ts';
import { headWith, PARENT, SPAN, TRACE } from './trace-fixture.ts';

describe('the trace of a request that is sent on', () => {
  test('counts as continued where it can be read, of either form, and else as begun', () => {
    const counts = noTraces();
    countTrace(counts, 'outbound', headWith(['traceparent', PARENT]));
    countTrace(counts, 'outbound', headWith(['b3', `${TRACE}-${SPAN}-1`]));
    countTrace(counts, 'outbound', headWith(['traceparent', 'nonsense']));
    countTrace(counts, 'outbound', headWith());
    countTrace(counts, 'outbound', headWith(['b3', '1']));
    assert.deepEqual(counts, { ...noTraces(), outboundContinued: 2, outboundBegun: 3 });
  });

  test('counts for the direction that it goes', () => {
    const counts = noTraces();
    countTrace(counts, 'inbound', headWith(['traceparent', PARENT]));
    countTrace(counts, 'inbound', headWith());
    assert.deepEqual(counts, { ...noTraces(), inboundContinued: 1, inboundBegun: 1 });
  });

  test('is one metric, whose four series are there at 0', () => {
    const { counts } = idleSources();
    const traces = { ...noTraces(), outboundBegun: 7 };
    const sources = idleSources({ counts: { ...counts, traces } });
    const text = [...new ProxyMetrics(sources, new ManualClock()).registry.expose()].join('');
    assert.deepEqual(text.match(/^remora_traces_total\{.*$/gm), [
      'remora_traces_total{direction="inbound",origin="continued"} 0',
      'remora_traces_total{direction="inbound",origin="begun"} 0',
      'remora_traces_total{direction="outbound",origin="continued"} 0',
      'remora_traces_total{direction="outbound",origin="begun"} 7',
    ]);
  });
});
