/** Claims about the fields that name a request: when they are kept, and what takes their place. */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FIELD, Head, NAME_END, NAME_START, VALUE_END, VALUE_START } from '../http1/head.ts';
import { IdSource } from './id-source.ts';
import {
  continuesTrace,
  REQUEST_ID_BYTES_MAX,
  requestIdText,
  TRACE_FIELDS_BYTES_MAX,
  writeTraceFields,
} from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const PARENT = `00-${TRACE}-${SPAN}-01`;
const IDS: Readonly<Record<string, number>> = {
  'x-request-id': FIELD.X_REQUEST_ID,
  traceparent: FIELD.TRACEPARENT,
};

function headWith(...fields: readonly (readonly [name: string, value: string])[]): Head {
  const head = new Head();
  for (const [name, value] of fields) {
    const line = Buffer.from(`${name}: ${value}\r\n`, 'latin1');
    const at = head.filled;
    head.collect(line, 0, line.length);
    const field = head.fieldCount++;
    head.ids[field] = IDS[name] ?? FIELD.OTHER;
    head.spans[field * 4 + NAME_START] = at;
    head.spans[field * 4 + NAME_END] = at + name.length;
    head.spans[field * 4 + VALUE_START] = at + name.length + 2;
    head.spans[field * 4 + VALUE_END] = at + line.length - 2;
    if (name === 'x-request-id' && head.requestIdField < 0) head.requestIdField = field;
    if (name === 'traceparent' && head.traceparentField < 0) head.traceparentField = field;
  }
  head.length = head.filled;
  return head;
}

/** Counts up, so that ids can be told apart and foretold. */
function countingIds(sampleRatio = 0): IdSource {
  let next = 1;
  return new IdSource({
    sampleRatio,
    fill(pool) {
      for (let i = 0; i < pool.length; i++) pool[i] = next++ & 0xff;
    },
  });
}

function written(head: Head, ids = countingIds()): { id: string; parent: string; text: string } {
  const out = Buffer.alloc(TRACE_FIELDS_BYTES_MAX + 10);
  const end = writeTraceFields(out, 4, head, ids, new Uint8Array(8));
  const text = out.toString('latin1', 4, end);
  const match = /^x-request-id: (.*)\r\ntraceparent: (.*)\r\n$/.exec(text);
  assert(match !== null, text);
  return { id: match[1]!, parent: match[2]!, text };
}

describe('traceparent', () => {
  test('valid: the trace and its flag go on, under a span id of our own', () => {
    const { parent } = written(headWith(['traceparent', PARENT]));
    assert.match(parent, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    assert(!parent.includes(SPAN));
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
    'no dashes': `00_${TRACE}_${SPAN}_01`,
    'no hex in the version': `0g-${TRACE}-${SPAN}-01`,
    'no hex in the flags': `00-${TRACE}-${SPAN}-0g`,
    nothing: '',
  };
  for (const [what, value] of Object.entries(invalid)) {
    test(`with ${what} begins a new trace`, () => {
      const head = headWith(['traceparent', value]);
      assert.equal(continuesTrace(head), false);
      const { parent } = written(head);
      assert.match(parent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      assert(!parent.includes(TRACE));
    });
  }

  test('given twice begins a new trace: neither can be believed', () => {
    const head = headWith(['traceparent', PARENT], ['traceparent', PARENT]);
    assert.equal(continuesTrace(head), false);
    assert(!written(head).parent.includes(TRACE));
  });

  test('of a new trace is sampled by the ratio', () => {
    assert.match(written(headWith(), countingIds(1)).parent, /-01$/);
    assert.match(written(headWith(), countingIds(0)).parent, /-00$/);
    const ids = new IdSource({ sampleRatio: 0.25, fill: randomFillSync });
    let sampled = 0;
    for (let i = 0; i < 4_000; i++)
      sampled += written(headWith(), ids).parent.endsWith('1') ? 1 : 0;
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
    assert.equal(second.parent.slice(0, 35), first.parent.slice(0, 35));
    assert.notEqual(second.parent, first.parent);
  });

  test('differ from those of the next request on the same pooled head', () => {
    const head = headWith();
    const ids = countingIds();
    const first = written(head, ids);
    head.reset();
    assert.notEqual(written(head, ids).id, first.id);
  });

  test('make one name: the request id without dashes is the new trace', () => {
    const { id, parent } = written(headWith());
    assert.equal(id.replaceAll('-', ''), parent.slice(3, 35));
  });
});

test('property: whatever the client sent, two well-formed lines within the bound go on', () => {
  const value = fc.string({ unit: 'binary-ascii', maxLength: 200 });
  const parent = fc.oneof(value, fc.constant(PARENT), fc.stringMatching(/^[0-9a-f-]{50,60}$/));
  fc.assert(
    fc.property(value, parent, (id, given) => {
      const {
        text,
        id: sent,
        parent: sentParent,
      } = written(headWith(['x-request-id', id], ['traceparent', given]));
      assert(text.length <= TRACE_FIELDS_BYTES_MAX);
      assert.match(sent, /^[\x21-\x7e]{1,128}$/);
      assert.match(sentParent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
    }),
  );
});

test('a bound on the fields is reached by the longest id that is kept', () => {
  const head = headWith(
    ['x-request-id', 'a'.repeat(REQUEST_ID_BYTES_MAX)],
    ['traceparent', PARENT],
  );
  assert.equal(written(head).text.length, TRACE_FIELDS_BYTES_MAX);
});
