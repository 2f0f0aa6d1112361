/** A record that is made late says what it would have said at the request's end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Backend } from '../balance/backend.ts';
import { backendConfig, endpointConfigs } from '../balance/endpoint-fixture.ts';
import { ManualClock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import { PARSE_OK, parseRequestHead } from '../http1/head-parser.ts';
import * as limits from '../limits.ts';
import type { RequestParts } from '../routing/head-fixture.ts';
import { IdSource } from '../telemetry/id-source.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { EndedRequest, type RecordEnd, type RecordSource } from './ended-request.ts';
import { HeldRequests } from './held-requests.ts';
import { recordOf } from './record.ts';
import { answeredSource } from './record-source-fixture.ts';
import { FIRST } from './trail.ts';

const identity = { name: 'web-0', namespace: 'shop', workload: 'web' };
const END: RecordEnd = {
  status: 200,
  isFailed: false,
  reason: 'sampled',
  nowMs: 23.5,
  wallMs: 1_790_000_000_123,
};

/** Each id is another one. */
function newIds(): IdSource {
  let next = 0;
  return new IdSource({
    sampleRatio: 0.5,
    fill: (pool) => {
      for (let at = 0; at < pool.length; at++) pool[at] = next++ * 31 + (at >> 8);
    },
  });
}

function newBackend(): Backend {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, () => undefined);
  const backend = new Backend('app.shop:80', { clock, wheel, chance: () => 0 });
  backend.apply(backendConfig(endpointConfigs(1)), clock.nowMs());
  return backend;
}

const backend = newBackend();

function source(target: string, parts: RequestParts = {}): RecordSource {
  return answeredSource(backend, target, parts);
}

/** Its record at once, but for the id of its span, which is drawn for each. */
function atOnce(of: RecordSource, ids: IdSource, end = END): unknown {
  const ended = new EndedRequest();
  ended.take(of, end, ids);
  return withoutSpan(recordOf(ended, of.request, identity, ids));
}

function withoutSpan(record: object): unknown {
  return { ...record, spanId: '' };
}

describe('a request that is held', () => {
  test('leaves the record that it would have left at once', () => {
    const ids = newIds();
    const held = new HeldRequests(identity, ids);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    for (const one of [
      source('/items/7?lang=de', { fields: [['user-agent', 'curl/8.5.0']] }),
      source('/items/7', { method: 'PURGE', version: '1.0' }),
      source('/a%2fb?', { fields: [['x-request-id', 'mine-1']] }),
      source('/', { fields: [['traceparent', traceparent]] }),
      source('*', { method: 'OPTIONS' }),
    ]) {
      assert(held.takes(one));
      held.hold(one, END);
      assert.deepEqual(withoutSpan(held.record(1)), atOnce(one, ids));
    }
  });

  test('property: does so whatever it says, where it is held at all', () => {
    const word = fc.string({ unit: fc.constantFrom(...'aZ09.%2e%2F/?=&-~'), maxLength: 12 });
    const value = fc.string({ unit: fc.constantFrom(...'aZ0 "\\\t,=;'), maxLength: 12 });
    const fields = fc.array(fc.tuple(fc.constantFrom('user-agent', 'b3', 'x-a', 'te'), value), {
      maxLength: 4,
    });
    let seen = 0;
    fc.assert(
      fc.property(word, fields, (target, given) => {
        const lines = given.map(([name, text]) => `${name}: ${text}\r\n`).join('');
        const request = new Head();
        const bytes = Buffer.from(`GET /${target} HTTP/1.1\r\nhost: a.shop\r\n${lines}\r\n`);
        request.collect(bytes, 0, bytes.length);
        if (parseRequestHead(request, request.slab, 0, request.filled) !== PARSE_OK) return;
        const one = { ...source('/'), request };
        const ids = newIds();
        const held = new HeldRequests(identity, ids);
        if (!held.takes(one)) return;
        seen++;
        held.hold(one, END);
        assert.deepEqual(withoutSpan(held.record(1)), atOnce(one, ids));
      }),
    );
    assert(seen > 10, `${seen} were held`);
  });

  test('stays as it was when its exchange, and what it went by, is used for others', () => {
    const ids = newIds();
    const held = new HeldRequests(identity, ids);
    const busy = newBackend();
    const one = answeredSource(busy, '/first');
    const was = atOnce(one, ids);
    held.hold(one, END);
    const limit = { inFlight: 0, waiting: 0, max: busy.admission.limit };
    const budgetLeft = busy.budget.left(END.nowMs);
    one.request.slab.fill(0);
    one.request.reset();
    one.trail.reset();
    one.trail.next().begin(FIRST, busy, 99);
    for (let ended = 0; ended < 20; ended++) busy.budget.onRequest(0);
    const record = held.record(1);
    assert.deepEqual(withoutSpan(record), was);
    const [attempt] = record.attempts;
    assert.deepEqual([attempt!.limit, attempt!.budgetLeft], [limit, budgetLeft]);
    assert.notEqual(busy.budget.left(END.nowMs), budgetLeft);
  });

  test('is told the same each time, also the id of its span', () => {
    const held = new HeldRequests(identity, newIds());
    held.hold(source('/'), END);
    const record = held.record(1);
    assert.match(record.spanId, /^[0-9a-f]{16}$/);
    assert.deepEqual(held.record(1), record);
    assert.deepEqual(held.find(record.requestId), [record]);
    held.hold(source('/'), END);
    assert.notEqual(held.record(1).spanId, record.spanId);
  });

  test('is found by its own id and by that of its trace, and the oldest is first', () => {
    const held = new HeldRequests(identity, newIds());
    const traceparent = `00-${'c'.repeat(32)}-${'b'.repeat(16)}-01`;
    for (const id of ['one', 'two', 'three']) {
      const fields = [['x-request-id', id] as const, ['traceparent', traceparent] as const];
      held.hold(source(`/${id}`, { fields }), END);
    }
    assert.deepEqual(pathsOf(held, 'two'), ['/two']);
    assert.deepEqual(pathsOf(held, 'c'.repeat(32)), ['/one', '/two', '/three']);
    assert.deepEqual(pathsOf(held, 'four'), []);
  });

  test('gives way to the ones after it', () => {
    const held = new HeldRequests(identity, newIds());
    for (let at = 0; at <= limits.heldRequestsMax; at++) {
      held.hold(source(`/${at}`, { fields: [['x-request-id', `id-${at}`]] }), END);
    }
    assert.deepEqual(pathsOf(held, 'id-0'), []);
    assert.deepEqual(pathsOf(held, 'id-1'), ['/1']);
    assert.equal(held.record(limits.heldRequestsMax).path, '/1');
    assert.equal(held.record(1).path, `/${limits.heldRequestsMax}`);
  });
});

describe('a request that is not held', () => {
  const held = new HeldRequests(identity, newIds());
  for (const [what, one] of [
    ['has a path that parsing made shorter', source('/a/../b?c')],
    ['has a path with an escape of a letter', source('/%61')],
    ['is in absolute form', source('http://catalog.shop/a')],
    ['has a long head', source('/', { fields: [['cookie', 'x'.repeat(limits.heldHeadBytesMax)]] })],
  ] as const) {
    test(what, () => assert(!held.takes(one)));
  }
});

function pathsOf(held: HeldRequests, id: string): readonly string[] {
  return held.find(id).map(({ path }) => path);
}
