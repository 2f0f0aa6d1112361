import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import { systemClock } from '../../proxy/src/clock.ts';
import { silentLog } from '../../proxy/src/telemetry/log.ts';
import { aRecord, anAttempt } from '../../proxy/src/telemetry/span-fixture.ts';
import { LateByHand } from '../../proxy/src/telemetry/late-records-fixture.ts';
import { SpanExporter } from '../../proxy/src/telemetry/span-exporter.ts';
import { TimerWheel } from '../../proxy/src/timer-wheel.ts';
import {
  type Jaeger,
  type JaegerSpan,
  type JaegerTrace,
  skipWithoutJaeger,
  startJaeger,
} from '../support/jaeger.ts';

const TRACE_ID = 'feed0000000000000000000000000001';
/** Of the spans, from the caller's sidecar down to the catalog's application. */
const CALLER = 'aaaaaaaaaaaaaaa1';
const FIRST_TRY = 'aaaaaaaaaaaaaaa2';
const SECOND_TRY = 'aaaaaaaaaaaaaaa3';
const CALLEE = 'bbbbbbbbbbbbbbb1';
const TO_APPLICATION = 'bbbbbbbbbbbbbbb2';

describe('a real Jaeger', { skip: skipWithoutJaeger() }, () => {
  let jaeger: Jaeger;
  let trace: JaegerTrace;

  before(async () => {
    jaeger = await startJaeger();
    for (const record of [outbound(), inbound()]) {
      const exporter = exporterOf(record, jaeger.otlpUrl);
      exporter.add(record);
      await exporter.close();
      assert.deepEqual([exporter.exported, exporter.dropped], [record.attempts.length + 1, 0]);
    }
    trace = await jaeger.traceOf(TRACE_ID, 5);
  });

  after(async () => await jaeger?.stop());

  test('joins what two sidecars sent into one trace, each span under its own parent', () => {
    const parents = trace.spans.map((span) => [span.spanID, span.references[0]?.spanID ?? '']);
    assert.deepEqual(Object.fromEntries(parents), {
      [CALLER]: '',
      [FIRST_TRY]: CALLER,
      [SECOND_TRY]: CALLER,
      [CALLEE]: SECOND_TRY,
      [TO_APPLICATION]: CALLEE,
    });
  });

  test('knows both services, and which of their instances spoke', async () => {
    assert.deepEqual((await jaeger.services()).sort(), ['catalog', 'web']);
    const instances = trace.spans.map((span) => {
      const process = trace.processes[span.processID]!;
      return `${span.spanID} ${process.serviceName} ${tagsOf(process)['service.instance.id']}`;
    });
    assert.ok(instances.includes(`${SECOND_TRY} web web-0`));
    assert.ok(instances.includes(`${CALLEE} catalog catalog-0`));
  });

  test('sees servers and clients', () => {
    assert.equal(tags(CALLER)['span.kind'], 'server');
    assert.equal(tags(FIRST_TRY)['span.kind'], 'client');
    assert.equal(tags(CALLEE)['span.kind'], 'server');
    assert.equal(tags(TO_APPLICATION)['span.kind'], 'client');
  });

  test('shows the attempt that failed as an error, but not the request that went well', () => {
    assert.equal(tags(FIRST_TRY)['error'], true);
    assert.equal(tags(FIRST_TRY)['error.type'], 'RMR_UPSTREAM_CLOSED');
    assert.equal(tags(SECOND_TRY)['error'], undefined);
    assert.equal(tags(CALLER)['error'], undefined);
  });

  test('tells the retry, its reason, and where both tries went', () => {
    assert.equal(tags(FIRST_TRY)['network.peer.address'], '10.0.0.7');
    assert.equal(tags(SECOND_TRY)['network.peer.address'], '10.0.0.8');
    assert.equal(tags(SECOND_TRY)['http.request.resend_count'], 1);
    assert.equal(tags(SECOND_TRY)['remora.retry_reason'], 'reset');
    assert.equal(tags(CALLER)['http.response.status_code'], 200);
  });

  test('has every text as it was', () => {
    assert.equal(tags(CALLER)['user_agent.original'], 'a "quoted"\tagent \\ é \u0001');
  });

  test('has the times of the record', () => {
    assert.equal(span(CALLER).startTime, 1_790_000_000_123_250);
    assert.equal(span(CALLER).duration, 12_500);
    const sent = span(SECOND_TRY).logs.flatMap((log) => log.fields.map((field) => field.value));
    assert.deepEqual(sent, ['remora.admitted', 'remora.sent', 'remora.answered']);
  });

  test('has no trace that nobody sent', async () => {
    assert.equal(await jaeger.trace('f'.repeat(32)), null);
  });

  function span(id: string): JaegerSpan {
    return trace.spans.find((candidate) => candidate.spanID === id)!;
  }

  function tags(id: string): Readonly<Record<string, unknown>> {
    return tagsOf(span(id));
  }
});

function tagsOf(of: Pick<JaegerSpan, 'tags'>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(of.tags.map((tag) => [tag.key, tag.value]));
}

/** The caller's sidecar: the first endpoint closed the connection, the second answered. */
function outbound(): RequestRecord {
  return aRecord({
    traceId: TRACE_ID,
    spanId: CALLER,
    userAgent: 'a "quoted"\tagent \\ é \u0001',
    attempts: [
      anAttempt({
        spanId: FIRST_TRY,
        status: 0,
        failure: 'RMR_UPSTREAM_CLOSED',
        answeredMs: null,
        endedMs: 4,
      }),
      anAttempt({
        spanId: SECOND_TRY,
        endpoint: '10.0.0.8:8080',
        reason: 'reset',
        beganMs: 4.5,
        chosenMs: 4.5,
        sentMs: 4.75,
      }),
    ],
  });
}

/** The callee's sidecar, which passed it to the application beside it. */
function inbound(): RequestRecord {
  return aRecord({
    traceId: TRACE_ID,
    spanId: CALLEE,
    parentSpanId: SECOND_TRY,
    direction: 'inbound',
    proxy: { name: 'catalog-0', namespace: 'shop', workload: 'catalog' },
    startedAt: 1_790_000_000_128.5,
    durationMs: 6,
    attempts: [anAttempt({ spanId: TO_APPLICATION, endpoint: '127.0.0.1:8080', endedMs: 5.5 })],
  });
}

function exporterOf(record: RequestRecord, url: string): SpanExporter {
  let timer: NodeJS.Timeout | undefined;
  const wheel = new TimerWheel(systemClock, (delayMs, wake) => {
    clearTimeout(timer);
    timer = setTimeout(wake, delayMs);
  });
  return new SpanExporter({
    url,
    identity: record.proxy,
    clock: systemClock,
    wheel,
    chance: () => 0.5,
    log: silentLog,
    late: new LateByHand(),
  });
}
