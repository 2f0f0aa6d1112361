/** Claims about the story of a request: that all of it is told, in order, once, and in its width. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestRecord } from '@remora/api/request-record.ts';
import fc from 'fast-check';
import { paintLine } from '../dev/line.ts';
import { sampleAttempt, sampleRecord } from '../publish/sample-record.ts';
import { inCallOrder } from './record-order.ts';
import { storyOf } from './story.ts';
import { calleeRecord, callerRecord } from './story-fixture.ts';

const COLUMNS = 90;

function textOf(...records: readonly RequestRecord[]): string {
  const lines = storyOf(records, COLUMNS).map((line) => paintLine(line, 1_000, false).trimEnd());
  return lines.join('\n');
}

const STORY = `\
GET catalog/items?page=2 ✗ 504 after 1.00 s
request 5f0c6a52-7d7e-4a83-9df5-2f0a9f6b1c11 · 2026-01-01 03:00:00.250 UTC
trace   0af7651916cd43dd8448eb211c80319c

✗ shop/storefront-0 → catalog.shop:80 · outbound · kept because it failed
    0.0 ms  HTTP/1.1 GET /items?page=2 from 127.0.0.1:4711 (curl/8.5.0); deadline in
            1.00 s
            rule catalog/canary → catalog-v2.shop:80
            not rule catalog/alice: header x-user is "bob", not "alice"
            split between catalog-v1.shop:80 90 of 100 and catalog-v2.shop:80 10 of 100:
            chance drew 0.930
    0.3 ms  attempt 1 → catalog-v2-0 (10.0.0.8:8080)
            31 of 32 in flight · 4 waiting · breaker closed · retry budget for 3 more
            weighed 10.0.0.8:8080 12.4 (taken), 10.0.0.9:8080 148
    5.8 ms  sent on a new connection: waited 4.2 ms, connected in 1.3 ms
    250 ms  answered 503 after 244 ms
    250 ms  RMR_OVERLOADED: More requests than the service answers: compare remora_limit
            with remora_waiting.
    262 ms  attempt 2 → catalog-v2-1 (10.0.0.9:8080), because: the rule tries this status
            again
            0 of 100 in flight · 0 waiting · breaker closed · retry budget for 2 more
    262 ms  sent on a kept connection: waited 0.1 ms
            no answer in 738 ms
    1.00 s  RMR_REQUEST_TIMEOUT: timeouts.request of the route has passed; compare it with
            the p99 in /stats.
    1.00 s  no other attempt: time was up
    1.00 s  answered 504 to the caller, 196 B of body
            RMR_REQUEST_TIMEOUT
            after 1000 ms, attempt 2 of 3

✗ shop/catalog-v2-0 → its application · inbound · +6.0 ms · kept because it failed
    0.0 ms  HTTP/1.1 GET /items?page=2 from 127.0.0.1:4711; no deadline
            rule default
    243 ms  answered 503 to the caller, 170 B of body
            RMR_OVERLOADED
            32 in flight, 64 waiting`;

describe('the story of a request', () => {
  test('tells caller before callee, each decision, each attempt with its times', () => {
    assert.equal(textOf(calleeRecord, callerRecord), STORY);
  });

  test('says that an attempt was never sent, and how long it waited', () => {
    const refused = sampleAttempt({
      ...{ endpoint: '', instance: '', chosenMs: null, sentMs: null, answeredMs: null },
      ...{ endedMs: 500, failure: 'RMR_OVERLOADED', status: 0 },
    });
    const text = textOf(sampleRecord({ isFailed: true, status: 503, attempts: [refused] }));
    assert.match(text, /attempt 1 → no endpoint of catalog-v1\.shop:80/);
    assert.match(text, /500 ms {2}never sent, after 500 ms of waiting/);
  });

  test('blames an empty budget only where it was empty', () => {
    const failed = { isFailed: true, status: 503 };
    const attempt = (budgetLeft: number) => sampleAttempt({ budgetLeft, failure: 'RMR_LOOP' });
    const empty = textOf(sampleRecord({ ...failed, attempts: [attempt(0.4)] }));
    assert.match(empty, /the retry budget of the service was empty/);
    const unbounded = textOf(sampleRecord({ ...failed, attempts: [attempt(null as never)] }));
    assert.match(unbounded, /retry budget without a bound/);
    assert.match(unbounded, /no other attempt after this one: the rule allows none/);
  });

  test('tells what a newer proxy says in words that it does not know', () => {
    const attempts = [sampleAttempt({ failure: 'RMR_FROM_THE_FUTURE' as never, reason: 'omen' })];
    const text = textOf(sampleRecord({ reason: 'dreamt' as never, attempts }));
    assert.match(text, /because: omen[\s\S]*RMR_FROM_THE_FUTURE/);
    assert.match(text, /kept because dreamt/);
  });

  test('cannot be made to move a cursor by what a request says', () => {
    const text = textOf(sampleRecord({ path: '/\u001b[2Jx', userAgent: '\u009b1m' }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

describe('the order of records', () => {
  const span = fc.constantFrom('', 'a', 'b', 'c', 'd');
  const record = fc
    .record({ spanId: span, parentSpanId: span, startedAt: fc.nat(5), attempt: span })
    .map(({ attempt, ...parts }) =>
      sampleRecord({ ...parts, attempts: [sampleAttempt({ spanId: attempt })] }),
    );

  test('property: loses and doubles no record, however spans name each other', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), (records) => {
        const ordered = inCallOrder(records).map((hop) => hop.record);
        assert.deepEqual(new Set(ordered), new Set(records));
        assert.equal(ordered.length, records.length);
      }),
    );
  });

  test('puts a callee under its caller though its clock is behind', () => {
    const early = { ...calleeRecord, startedAt: callerRecord.startedAt - 5_000 };
    const hops = inCallOrder([early, callerRecord]);
    assert.deepEqual(
      hops.map(({ record: { proxy }, depth }) => [proxy.name, depth]),
      [
        ['storefront-0', 0],
        ['catalog-v2-0', 1],
      ],
    );
  });
});
