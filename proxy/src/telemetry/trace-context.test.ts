/** Claims about the fields that name a request: when they are kept, and what takes their place. */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdSource, newSpanId } from './id-source.ts';
import {
  continuesTrace,
  declineSampling,
  isSampled,
  parentSpanIdText,
  REQUEST_ID_BYTES_MAX,
  requestIdText,
  spanIdText,
  TRACE_FIELDS_BYTES_MAX,
  traceIdText,
} from './trace-context.ts';
import {
  countingIds,
  type Field,
  headWith,
  PARENT,
  SHORT_TRACE,
  SPAN,
  TRACE,
  written,
} from './trace-fixture.ts';

describe('traceparent', () => {
  test('valid: the trace and its flag go on, under a span id of our own', () => {
    const { traceId, spanId, flags } = written(headWith(['traceparent', PARENT]));
    assert.deepEqual([traceId, flags], [TRACE, '01']);
    assert.notEqual(spanId, SPAN);
  });

  test('of a later version is read as far as it is known, and written as version 00', () => {
    for (const later of [`cc-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-comes-later`]) {
      assert.match(written(headWith(['traceparent', later])).parent, new RegExp(`^00-${TRACE}-`));
    }
  });

  test('keeps only the flags that are defined', () => {
    const { parent } = written(headWith(['traceparent', `00-${TRACE}-${SPAN}-ff`]));
    assert.match(parent, /-03$/);
  });

  const invalid: Readonly<Record<string, string>> = {
    'version ff': `ff-${TRACE}-${SPAN}-01`,
    'version 00 with more': `${PARENT}-x`,
    'a later version with more but no dash': `cc-${TRACE}-${SPAN}-01x`,
    'upper case': `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    'a trace id of zeros': `00-${'0'.repeat(32)}-${SPAN}-01`,
    'a span id of zeros': `00-${TRACE}-${'0'.repeat(16)}-01`,
    'a trace id that is short': `00-${TRACE.slice(1)}-${SPAN}-01`,
    'no dash behind the version': `00_${TRACE}-${SPAN}-01`,
    'no dash behind the trace': `00-${TRACE}_${SPAN}-01`,
    'no dash behind the span': `00-${TRACE}-${SPAN}_01`,
    'no hex in the version': `0g-${TRACE}-${SPAN}-01`,
    'no hex in the flags': `00-${TRACE}-${SPAN}-0g`,
    nothing: '',
  };
  for (const [what, value] of Object.entries(invalid)) {
    test(`with ${what} begins a new trace`, () => {
      const head = headWith(['traceparent', value]);
      assert.equal(continuesTrace(head), false);
      const { traceId, flags } = written(head);
      assert.equal(flags, '00');
      assert.notEqual(traceId, TRACE);
    });
  }

  test('given twice begins a new trace: neither can be believed', () => {
    const head = headWith(['traceparent', PARENT], ['traceparent', PARENT]);
    assert.equal(continuesTrace(head), false);
    assert.notEqual(written(head).traceId, TRACE);
  });

  test('of a new trace is sampled by the ratio', () => {
    assert.equal(written(headWith(), countingIds(1)).flags, '01');
    assert.equal(written(headWith(), countingIds(0)).flags, '00');
    const ids = new IdSource({ sampleRatio: 0.25, fill: randomFillSync });
    let sampled = 0;
    for (let i = 0; i < 4_000; i++) sampled += written(headWith(), ids).flags === '01' ? 1 : 0;
    assert(Math.abs(sampled - 1_000) < 200, `${sampled} of 4,000`);
  });
});

describe('x-request-id', () => {
  test('given by the client is kept', () => {
    const id = 'a'.repeat(REQUEST_ID_BYTES_MAX);
    const head = headWith(['x-request-id', id]);
    assert.equal(written(head).id, id);
    assert.equal(requestIdText(head, countingIds()), id);
  });

  for (const [what, value] of [
    ['too long', 'a'.repeat(REQUEST_ID_BYTES_MAX + 1)],
    ['empty', ''],
    ['with a blank in it', 'a b'],
    ['with bytes beyond ASCII', 'ä'],
  ] as const) {
    test(`${what} is replaced by a new one`, () => {
      const { id } = written(headWith(['x-request-id', value]));
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });
  }

  test('given twice is replaced', () => {
    assert.equal(written(headWith(['x-request-id', 'a'], ['x-request-id', 'b'])).id.length, 36);
  });
});

describe('ids of one request', () => {
  test('are the same in every attempt and in the answer, but for the span', () => {
    const head = headWith();
    const ids = countingIds();
    const first = written(head, ids);
    const second = written(head, ids);
    assert.equal(second.id, first.id);
    assert.equal(requestIdText(head, ids), first.id);
    assert.equal(second.traceId, first.traceId);
    assert.notEqual(second.spanId, first.spanId);
  });

  test('differ from those of the next request on the same pooled head', () => {
    const head = headWith(['traceparent', PARENT]);
    const ids = countingIds();
    assert.equal(written(head, ids).traceId, TRACE);
    head.reset();
    const next = written(head, ids);
    assert.notEqual(next.traceId, TRACE);
    head.reset();
    assert.notEqual(written(head, ids).id, next.id);
  });

  test('make one name: the request id without dashes is the new trace', () => {
    const { id, traceId } = written(headWith());
    assert.equal(id.replaceAll('-', ''), traceId);
  });
});

describe('what a span recorder is told', () => {
  test('of a trace that goes on: its id, the span that asked, and ours', () => {
    const head = headWith(['traceparent', PARENT]);
    const ids = countingIds();
    assert.equal(traceIdText(head, ids), TRACE);
    assert.equal(parentSpanIdText(head), SPAN);
    const { span, spanId } = written(head, ids);
    assert.equal(spanIdText(span), spanId);
  });

  test('of a trace that begins here: no parent, and the id that went out, whenever it asks', () => {
    const before = headWith();
    const ids = countingIds();
    const told = traceIdText(before, ids);
    assert.equal(written(before, ids).traceId, told);
    assert.equal(traceIdText(before, ids), told);
    assert.equal(parentSpanIdText(before), '');
  });

  test('the decision of who asked stands, whatever our ratio', () => {
    const sampled = headWith(['traceparent', PARENT]);
    const denied = headWith(['traceparent', `00-${TRACE}-${SPAN}-02`]);
    assert.equal(isSampled(sampled, countingIds(0)), true);
    assert.equal(isSampled(denied, countingIds(1)), false);
  });

  test('the decision on a new trace is one, however often it is asked for', () => {
    const ids = new IdSource({ sampleRatio: 0.5, fill: randomFillSync });
    for (let i = 0; i < 100; i++) {
      const head = headWith();
      const first = isSampled(head, ids);
      assert.equal(written(head, ids).flags, first ? '01' : '00');
      assert.equal(isSampled(head, ids), first);
    }
  });

  test('one that is not to be sampled is not, unless who asked has decided', () => {
    const ids = countingIds(1);
    const fresh = headWith();
    declineSampling(fresh);
    assert.equal(isSampled(fresh, ids), false);
    assert.equal(written(fresh, ids).flags, '00');
    const sampled = headWith(['traceparent', PARENT]);
    const accepted = headWith(['b3', `${TRACE}-${SPAN}-1`]);
    for (const head of [sampled, accepted]) {
      declineSampling(head);
      assert.equal(isSampled(head, ids), true);
    }
    // The next request on the same pooled head is asked anew.
    fresh.reset();
    assert.equal(isSampled(fresh, ids), true);
  });

  test('a span id is never all zero, and each is new', () => {
    const zeros = new IdSource({ sampleRatio: 0, fill: (pool) => void pool.fill(0) });
    const span = newSpanId();
    zeros.drawSpanId(span);
    assert.equal(spanIdText(span), '0100000000000000');
    const ids = countingIds();
    ids.drawSpanId(span);
    const first = spanIdText(span);
    ids.drawSpanId(span);
    assert.notEqual(spanIdText(span), first);
  });
});

const anyText = fc.string({ unit: 'binary', maxLength: 80 }).map((text) =>
  // What a head holds is bytes.
  Buffer.from(text, 'utf8').toString('latin1'),
);
const id = fc.constantFrom(TRACE, SHORT_TRACE, SPAN, '0'.repeat(16), '0'.repeat(32), '');
const pieces = fc.array(fc.oneof(id, fc.constantFrom('00', '01', '0', '1', 'd', 'cc')), {
  maxLength: 5,
});
const nearlyRight = fc.oneof(
  fc.constant(PARENT),
  id,
  pieces.map((parts) => parts.join('-')),
  fc.stringMatching(/^[0-9a-f-]{50,60}$/),
);
const field: fc.Arbitrary<Field> = fc.tuple(
  fc.constantFrom(
    ...['x-request-id', 'traceparent', 'tracestate', 'b3', 'X-B3-TraceId', 'x-b3-spanid'],
    ...['X-B3-Sampled', 'x-b3-flags', 'X-B3-ParentSpanId', 'other'],
  ),
  fc.oneof(anyText, nearlyRight, nearlyRight),
);

test('property: whatever came, valid fields within the bound go on, as they are told', () => {
  const ids = new IdSource({ sampleRatio: 0.5, fill: randomFillSync });
  fc.assert(
    fc.property(fc.array(field, { maxLength: 8 }), (fields) => {
      const head = headWith(...fields);
      const told = traceIdText(head, ids);
      const sampled = isSampled(head, ids);
      const { text, id: sent, traceId, spanId, flags, b3 } = written(head, ids);
      assert(text.length <= TRACE_FIELDS_BYTES_MAX);
      assert.match(sent, /^[\x21-\x7e]{1,128}$/);
      assert.notEqual(traceId, '0'.repeat(32));
      assert.notEqual(spanId, '0'.repeat(16));
      assert.equal(traceId, told);
      assert.equal((Number(flags) & 1) === 1, sampled);
      assert.equal(parentSpanIdText(head) !== '', continuesTrace(head));
      for (const line of b3) {
        const value = line.slice(line.indexOf(': ') + 2);
        const short = traceId.slice(16);
        const known = [traceId, short, spanId, sampled ? '1' : '0', 'd'];
        for (const part of value.split('-')) assert(known.includes(part), line);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a bound on the fields is reached by the longest id, and B3 in both forms', () => {
  const head = headWith(
    ['x-request-id', 'a'.repeat(REQUEST_ID_BYTES_MAX)],
    ['traceparent', PARENT],
    ['b3', `${TRACE}-${SPAN}-1`],
    ['x-b3-sampled', '1'],
  );
  assert.equal(written(head).text.length, TRACE_FIELDS_BYTES_MAX);
});
