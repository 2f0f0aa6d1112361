import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';
import fc from 'fast-check';
import { BATCH_END, batchStart, spanCount, spansText } from './otlp.ts';
import { hostEnd, nanosText, portOf } from './otlp-text.ts';
import { aRecord, anAttempt, SERVER_SPAN_ID, TRACE_ID } from './span-fixture.ts';

type Value = string | number | boolean;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Record<string, Value>;
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string }[];
  readonly status?: { readonly code: number; readonly message?: string };
}

describe('the spans of a record', () => {
  test('are one server span and a client span below it for each attempt that was sent', () => {
    const attempts = [anAttempt(), anAttempt({ spanId: 'c'.repeat(16) })];
    const record = aRecord({ parentSpanId: 'd'.repeat(16), attempts });
    const [server, first, second] = spansOf(record);
    assert.equal(spanCount(record), 3);
    assert.deepEqual(
      [server!.kind, server!.spanId, server!.parentSpanId],
      [2, SERVER_SPAN_ID, 'd'.repeat(16)],
    );
    assert.deepEqual(
      [first!.kind, first!.spanId, first!.parentSpanId],
      [3, anAttempt().spanId, SERVER_SPAN_ID],
    );
    assert.deepEqual([second!.spanId, second!.parentSpanId], ['c'.repeat(16), SERVER_SPAN_ID]);
    assert.equal(second!.traceId, TRACE_ID);
  });

  test('name no parent where the request came without a trace', () => {
    assert.equal(spansOf(aRecord())[0]!.parentSpanId, undefined);
  });

  test('are named by method and rule, never by path', () => {
    assert.deepEqual(
      spansOf(aRecord()).map((span) => span.name),
      ['GET shop/catalog#0', 'GET shop/catalog#0'],
    );
    assert.equal(spansOf(aRecord({ rule: '', method: 'BREW' }))[0]!.name, 'HTTP');
  });

  test('speak the names of the HTTP conventions', () => {
    const [server, client] = spansOf(aRecord({ peer: '10.1.2.3:4711', authority: '[::1]:8080' }));
    assertHas(server!, {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/items/7',
      'url.query': 'lang=de',
      'server.address': '[::1]',
      'server.port': '8080',
      'client.address': '10.1.2.3',
      'client.port': '4711',
      'http.response.status_code': '200',
      'network.protocol.version': '1.1',
      'user_agent.original': 'curl/8.5.0',
    });
    assertHas(client!, {
      'url.full': 'http://[::1]:8080/items/7?lang=de',
      'network.peer.address': '10.0.0.7',
      'network.peer.port': '8080',
    });
    assert.equal(client!.attributes['http.request.resend_count'], undefined);
  });

  test('keep an unknown method apart from the known ones', () => {
    assertHas(spansOf(aRecord({ method: 'BREW' }))[0]!, {
      'http.request.method': '_OTHER',
      'http.request.method_original': 'BREW',
    });
  });

  test('count resends by what was sent, and tell of the rest as events', () => {
    const refused = anAttempt({ spanId: '', failure: 'RMR_CONNECT_REFUSED', endedMs: 3 });
    const again = anAttempt({ spanId: 'c'.repeat(16), reason: 'connect' });
    const third = anAttempt({ spanId: 'e'.repeat(16), reason: 'hedge' });
    const [server, ...clients] = spansOf(aRecord({ attempts: [refused, again, third] }));
    assert.deepEqual(
      clients.map((span) => span.attributes['http.request.resend_count']),
      [undefined, '1'],
    );
    assert.equal(server!.events[0]!.name, 'remora.attempt_not_sent');
    assert.equal(server!.events[0]!.timeUnixNano, '1790000000126250000');
    assertHas(clients[0]!, { 'remora.retry_reason': 'connect' });
  });

  test('are errors where the request failed, with our code before any status', () => {
    const failed = anAttempt({ status: 0, failure: 'RMR_REQUEST_TIMEOUT', answeredMs: null });
    const [server, client] = spansOf(
      aRecord({
        status: 504,
        isFailed: true,
        cause: 'RMR_REQUEST_TIMEOUT',
        detail: 'no answer within 300 ms',
        attempts: [failed],
      }),
    );
    assert.deepEqual(server!.status, { code: 2, message: 'no answer within 300 ms' });
    assertHas(server!, {
      'error.type': 'RMR_REQUEST_TIMEOUT',
      'remora.cause': 'RMR_REQUEST_TIMEOUT',
    });
    assert.deepEqual(client!.status, { code: 2 });
    assert.equal(client!.attributes['http.response.status_code'], undefined);
    assert.deepEqual(
      client!.events.map((event) => event.name),
      ['remora.admitted', 'remora.sent'],
    );
  });

  test('of a 404 are an error of the client span alone, as the conventions have it', () => {
    const [server, client] = spansOf(
      aRecord({ status: 404, attempts: [anAttempt({ status: 404 })] }),
    );
    assert.equal(server!.status, undefined);
    assert.deepEqual(client!.status, { code: 2 });
    assert.equal(client!.attributes['error.type'], '404');
  });

  test('tell how the backend was chosen, but not whose cohort it was', () => {
    const split = {
      draw: 0.93,
      cohort: { by: 'cookie session', key: 'a-secret-of-a-person' },
      shares: [
        { backend: 'v1', weight: 90 },
        { backend: 'v2', weight: 10 },
      ],
    };
    const record = aRecord({ split });
    assertHas(spansOf(record)[0]!, {
      'remora.split.draw': 0.93,
      'remora.split.cohort_by': 'cookie session',
      'remora.split.shares': 'v1 90, v2 10',
    });
    assert.ok(!spansText(record).includes('a-secret-of-a-person'));
  });

  test('hide the signatures that a query carries by a known name', () => {
    const path = '/o?sig=abc&design=1&X-Amz-Signature=def&AWSAccessKeyId=ghi';
    const [server, client] = spansOf(aRecord({ path }));
    const query = 'sig=REDACTED&design=1&X-Amz-Signature=REDACTED&AWSAccessKeyId=REDACTED';
    assertHas(server!, { 'url.query': query });
    assertHas(client!, { 'url.full': `http://catalog.shop/o?${query}` });
  });

  test('tell the state that the attempt met', () => {
    const attempt = anAttempt({
      isProbe: true,
      isBreakerOpen: true,
      limit: { inFlight: 4, waiting: 2, max: 4.5 },
      budgetLeft: 7.5,
    });
    assertHas(spansOf(aRecord({ attempts: [attempt] }))[1]!, {
      'remora.probe': true,
      'remora.breaker_open': true,
      'remora.limit.in_flight': '4',
      'remora.limit.waiting': '2',
      'remora.limit.max': 4.5,
      'remora.retry_budget_left': 7.5,
    });
    const calm = spansOf(aRecord())[1]!;
    assert.equal(calm.attributes['remora.probe'], undefined);
  });

  test('belong to the workload, and to one instance of it', () => {
    const resource = parsed([aRecord()]).resourceSpans[0]!.resource;
    const attributes = readAttributes(resource.attributes);
    assert.equal(attributes['service.name'], 'web');
    assert.equal(attributes['service.namespace'], 'shop');
    assert.equal(attributes['service.instance.id'], 'web-0');
  });
});

describe('instants', () => {
  test('keep nanoseconds that a double of this century has no room for', () => {
    assert.equal(nanosText(1_790_000_000_123, 0.000_001), '1790000000123000001');
    assert.equal(nanosText(1_790_000_000_123.25, 0.75), '1790000000124000000');
    assert.equal(nanosText(1_790_000_000_999.5, 1_000.5), '1790000002000000000');
    assert.equal(nanosText(Number.NaN, 1), '0');
  });

  test('property: equal the sum in exact arithmetic', () => {
    // Multiples of 2^-12 ms are exact in doubles of this size.
    const parts = fc.nat(4_095);
    const start = fc.integer({ min: 1, max: 2 ** 41 - 1 });
    fc.assert(
      fc.property(start, parts, fc.nat(1_000_000), parts, (ms, part, offsetMs, offsetPart) => {
        const scaled = BigInt(ms + offsetMs) * 4_096n + BigInt(part + offsetPart);
        const rounded = (scaled * 1_000_000n + 2_048n) / 4_096n;
        const text = nanosText(ms + part / 4_096, offsetMs + offsetPart / 4_096);
        assert.equal(BigInt(text), rounded);
      }),
    );
  });
});

test('an address ends before its port, and an IPv6 address is no port', () => {
  const parts = (text: string) => [text.slice(0, hostEnd(text)), portOf(text, hostEnd(text), -1)];
  assert.deepEqual(parts('web.shop:80'), ['web.shop', 80]);
  assert.deepEqual(parts('[::1]:80'), ['[::1]', 80]);
  assert.deepEqual(parts('[::1]'), ['[::1]', -1]);
  assert.deepEqual(parts('fe80::1'), ['fe80::1', -1]);
  assert.deepEqual(parts('web'), ['web', -1]);
  assert.deepEqual(parts('web:'), ['web', -1]);
  assert.deepEqual(parts(''), ['', -1]);
});

test('property: a batch is JSON that carries every text as it was, whatever the text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({
      unit: fc.constantFrom('"', '\\', '\u0000', '\n', '\u2028', '\ud800', '\udc00', 'é'),
    }),
  );
  fc.assert(
    fc.property(fc.array(recordOf(text), { minLength: 1, maxLength: 3 }), (records) => {
      const spans = parsed(records).resourceSpans[0]!.scopeSpans[0]!.spans.map(readSpan);
      assert.equal(
        spans.length,
        records.reduce((sum, record) => sum + spanCount(record), 0),
      );
      let at = 0;
      for (const record of records) {
        const span = spans[at]!;
        at += spanCount(record);
        assert.equal(span.spanId, record.spanId);
        const { attributes } = span;
        assert.equal(attributes['user_agent.original'] ?? '', record.userAgent);
        assert.equal(attributes['remora.detail'] ?? '', record.detail);
        assert.equal(attributes['remora.rule'] ?? '', record.rule);
        assert.equal(attributes['remora.backend'] ?? '', record.backend);
        assert.equal(attributes['remora.request_id'] ?? '', record.requestId);
      }
    }),
  );
});

function recordOf(text: fc.Arbitrary<string>): fc.Arbitrary<RequestRecord> {
  const attempt = fc
    .record({ spanId: text, backend: text, endpoint: text, instance: text, reason: text })
    .map((parts): AttemptRecord => anAttempt(parts));
  return fc
    .record({
      traceId: text,
      spanId: text,
      parentSpanId: text,
      requestId: text,
      method: text,
      authority: text,
      path: text,
      userAgent: text,
      peer: text,
      detail: text,
      rule: text,
      backend: text,
      isFailed: fc.boolean(),
      durationMs: fc.double(),
      startedAt: fc.double(),
      status: fc.double(),
      attempts: fc.array(attempt, { maxLength: 3 }),
    })
    .map((parts) => aRecord(parts));
}

interface RawAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, Value>>;
}

interface RawSpan extends Omit<Span, 'attributes'> {
  readonly attributes: readonly RawAttribute[];
}

interface Batch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly RawAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

function parsed(records: readonly RequestRecord[]): Batch {
  const spans = records.map((record) => spansText(record)).join(',');
  return JSON.parse(batchStart(aRecord().proxy) + spans + BATCH_END) as Batch;
}

function spansOf(record: RequestRecord): Span[] {
  return parsed([record]).resourceSpans[0]!.scopeSpans[0]!.spans.map(readSpan);
}

function readSpan(raw: RawSpan): Span {
  return { ...raw, attributes: readAttributes(raw.attributes) };
}

function readAttributes(raw: readonly RawAttribute[]): Record<string, Value> {
  const read = raw.map(({ key, value }) => [key, Object.values(value)[0]!] as const);
  assert.equal(new Set(read.map(([key]) => key)).size, read.length, 'a key twice');
  return Object.fromEntries(read);
}

function assertHas(span: Span, expected: Readonly<Record<string, Value>>): void {
  const seen = Object.keys(expected).map((key) => [key, span.attributes[key]]);
  assert.deepEqual(Object.fromEntries(seen), expected);
}
