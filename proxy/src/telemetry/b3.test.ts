/** Claims about B3: which trace is taken from it, what is decided by it, and how it goes on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { continuesTrace, isSampled, parentSpanIdText, traceIdText } from './trace-context.ts';
import {
  countingIds,
  type Field,
  headWith,
  PARENT,
  SHORT_TRACE,
  SPAN,
  TRACE,
  type Written,
  written,
} from './trace-fixture.ts';

const OTHER = '5'.repeat(32);
const PADDED = `${'0'.repeat(16)}${SHORT_TRACE}`;

function multi(parts: Readonly<Record<string, string>>): Field[] {
  return Object.entries(parts).map(([name, value]) => [`X-B3-${name}`, value] as const);
}

const IDS = { TraceId: TRACE, SpanId: SPAN };

/** Trace, flags and B3 of what goes out, with its span id as `{span}`. */
function sent(fields: readonly Field[], ratio = 0): [string, string, readonly string[]] {
  const { traceId, flags, b3, spanId }: Written = written(headWith(...fields), countingIds(ratio));
  assert.notEqual(spanId, SPAN);
  return [traceId, flags, b3.map((line) => line.replaceAll(spanId, '{span}'))];
}

describe('a single b3 field', () => {
  for (const [said, flags, written] of [
    ['-1', '01', '-1'],
    ['-0', '00', '-0'],
    ['-d', '01', '-d'],
    ['', '00', '-0'],
    [`-1-${SPAN}`, '01', '-1'],
    [`-0-${'0'.repeat(16)}`, '00', '-0'],
  ] as const) {
    test(`that ends in "${said}" is continued, and says ${written} with our span`, () => {
      const out = sent([['b3', `${TRACE}-${SPAN}${said}`]]);
      assert.deepEqual(out, [TRACE, flags, [`b3: ${TRACE}-{span}${written}`]]);
    });
  }

  test('of 64 bits is padded in traceparent, and goes on as it came', () => {
    const out = sent([['b3', `${SHORT_TRACE}-${SPAN}-1`]]);
    assert.deepEqual(out, [PADDED, '01', [`b3: ${SHORT_TRACE}-{span}-1`]]);
  });

  test('tells the span that asked', () => {
    for (const trace of [TRACE, SHORT_TRACE]) {
      const head = headWith(['b3', `${trace}-${SPAN}-1-${'3'.repeat(16)}`]);
      assert.equal(continuesTrace(head), true);
      assert.equal(parentSpanIdText(head), SPAN);
    }
  });

  for (const [value, flags] of [
    ['0', '00'],
    ['1', '01'],
    ['d', '01'],
  ] as const) {
    test(`that is "${value}" decides for a new trace, whatever the ratio`, () => {
      const head = headWith(['b3', value]);
      const ids = countingIds(flags === '00' ? 1 : 0);
      const { traceId, spanId, flags: sentFlags, b3 } = written(head, ids);
      assert.equal(sentFlags, flags);
      assert.deepEqual(b3, [`b3: ${traceId}-${spanId}-${value}`]);
      assert.equal(isSampled(head, ids), flags === '01');
      assert.equal(parentSpanIdText(head), '');
      assert.equal(continuesTrace(head), false);
    });
  }

  for (const [what, value] of [
    ['nothing', ''],
    ['another letter', 'x'],
    ['a trace without a span', TRACE],
    ['a trace that is short', `${TRACE.slice(1)}-${SPAN}-1`],
    ['a trace that is long', `${TRACE}0-${SPAN}-1`],
    ['a trace of zeros', `${'0'.repeat(32)}-${SPAN}-1`],
    ['a short trace of zeros', `${'0'.repeat(16)}-${SPAN}-1`],
    ['a span of zeros', `${TRACE}-${'0'.repeat(16)}-1`],
    ['upper case', `${TRACE.toUpperCase()}-${SPAN}-1`],
    ['a trace that is not hex', `${TRACE.slice(1)}g-${SPAN}-1`],
    ['a span that is not hex', `${TRACE}-${SPAN.slice(1)}g-1`],
    ['no dash behind the trace', `${TRACE}_${SPAN}-1`],
    ['no dash behind the span', `${TRACE}-${SPAN}_1`],
    ['another decision', `${TRACE}-${SPAN}-2`],
    ['a dash at its end', `${TRACE}-${SPAN}-`],
    ['a decision of two digits', `${TRACE}-${SPAN}-01`],
    ['a parent but no decision', `${TRACE}-${SPAN}-${SPAN}`],
    ['a parent that is short', `${TRACE}-${SPAN}-1-${SPAN.slice(1)}`],
    ['a parent that is not hex', `${TRACE}-${SPAN}-1-${SPAN.slice(1)}g`],
    ['no dash before the parent', `${TRACE}-${SPAN}-1_${SPAN}`],
    ['more behind the parent', `${TRACE}-${SPAN}-1-${SPAN}-1`],
  ] as const) {
    test(`with ${what} is dropped and starts nothing`, () => {
      const head = headWith(['b3', value]);
      assert.equal(continuesTrace(head), false);
      const { traceId, flags, b3 } = written(head);
      assert.notEqual(traceId.slice(16), SHORT_TRACE);
      assert.deepEqual([flags, b3], ['00', []]);
    });
  }

  test('given twice is dropped: neither can be believed', () => {
    const value = `${TRACE}-${SPAN}-1`;
    const [traceId, flags, b3] = sent([
      ['b3', value],
      ['b3', value],
    ]);
    assert.notEqual(traceId, TRACE);
    assert.deepEqual([flags, b3], ['00', []]);
  });
});

describe('B3 in many fields', () => {
  const lines = (trace: string, last: string): string[] => [
    `x-b3-traceid: ${trace}`,
    'x-b3-spanid: {span}',
    last,
  ];

  for (const [said, flags, last] of [
    [{ Sampled: '1' }, '01', 'x-b3-sampled: 1'],
    [{ Sampled: '0' }, '00', 'x-b3-sampled: 0'],
    [{ Sampled: 'true' }, '01', 'x-b3-sampled: 1'],
    [{ Sampled: 'false' }, '00', 'x-b3-sampled: 0'],
    [{ Flags: '1' }, '01', 'x-b3-flags: 1'],
    [{ Flags: '1', Sampled: '0' }, '01', 'x-b3-flags: 1'],
    [{ Flags: '0', Sampled: '1' }, '01', 'x-b3-sampled: 1'],
    [{ Flags: '17', Sampled: '0' }, '00', 'x-b3-sampled: 0'],
    [{ Sampled: '1', ParentSpanId: OTHER.slice(16) }, '01', 'x-b3-sampled: 1'],
    [{ Sampled: '1', ParentSpanId: '' }, '01', 'x-b3-sampled: 1'],
    [{}, '00', 'x-b3-sampled: 0'],
  ] as const) {
    test(`with ${JSON.stringify(said)} is continued, and says "${last}"`, () => {
      const out = sent(multi({ ...said, ...IDS }));
      assert.deepEqual(out, [TRACE, flags, lines(TRACE, last)]);
    });
  }

  test('of 64 bits is padded in traceparent, and goes on as it came', () => {
    const fields = multi({ TraceId: SHORT_TRACE, SpanId: SPAN, Sampled: '1' });
    const head = headWith(...fields);
    assert.equal(parentSpanIdText(head), SPAN);
    assert.equal(traceIdText(head, countingIds()), PADDED);
    assert.deepEqual(sent(fields), [PADDED, '01', lines(SHORT_TRACE, 'x-b3-sampled: 1')]);
  });

  test('that only decides, decides for a new trace', () => {
    const denied = headWith(['x-b3-sampled', '0']);
    const { traceId, spanId, flags, b3 } = written(denied, countingIds(1));
    assert.equal(flags, '00');
    const ids = [`x-b3-traceid: ${traceId}`, `x-b3-spanid: ${spanId}`];
    assert.deepEqual(b3, [...ids, 'x-b3-sampled: 0']);
    assert.equal(isSampled(headWith(['x-b3-flags', '1']), countingIds(0)), true);
  });

  const malformed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'no span': { TraceId: TRACE, Sampled: '1' },
    'no trace': { SpanId: SPAN, Sampled: '1' },
    'a trace of 24 digits': { ...IDS, TraceId: TRACE.slice(8), Sampled: '1' },
    'a trace of zeros': { ...IDS, TraceId: '0'.repeat(32), Sampled: '1' },
    'a trace that is not hex': { ...IDS, TraceId: `${TRACE.slice(1)}g`, Sampled: '1' },
    'a span that is short': { ...IDS, SpanId: SPAN.slice(1), Sampled: '1' },
    'a span of zeros': { ...IDS, SpanId: '0'.repeat(16), Sampled: '1' },
    'another decision': { ...IDS, Sampled: '2' },
    'the decision of the single form': { ...IDS, Sampled: 'd' },
    'an empty decision': { ...IDS, Sampled: '' },
    'a word for a decision': { ...IDS, Sampled: 'yes!' },
    'a parent that is short': { ...IDS, ParentSpanId: SPAN.slice(1), Sampled: '1' },
    'a parent that is not hex': { ...IDS, ParentSpanId: `${SPAN.slice(1)}g`, Sampled: '1' },
    'a parent alone': { ParentSpanId: SPAN },
    'a decision and a parent without ids': { ParentSpanId: SPAN, Sampled: '1' },
    'flags that say nothing': { Flags: '0' },
  };
  for (const [what, parts] of Object.entries(malformed)) {
    test(`with ${what} is dropped and starts nothing`, () => {
      const head = headWith(...multi(parts));
      assert.equal(continuesTrace(head), false);
      const { traceId, flags, b3 } = written(head);
      assert.notEqual(traceId.slice(16), SHORT_TRACE);
      assert.deepEqual([flags, b3], ['00', []]);
    });
  }

  test('with any of its fields twice is dropped', () => {
    for (const [name, value] of Object.entries({ ...IDS, Sampled: '1', Flags: '1' })) {
      const fields = [...multi({ ...IDS, Sampled: '1', Flags: '1' }), ...multi({ [name]: value })];
      assert.deepEqual(sent(fields)[2], [], name);
    }
  });
});

test('nothing of a request with B3 is left on its pooled head', () => {
  const head = headWith(['b3', 'd'], ['x-b3-sampled', '1']);
  assert.equal(written(head).b3.length, 4);
  head.reset();
  const { flags, b3 } = written(head);
  assert.deepEqual([flags, b3], ['00', []]);
});

describe('a decision that B3 leaves to us', () => {
  const low = `${TRACE.slice(0, 24)}00000001`;
  const high = `${TRACE.slice(0, 24)}ffffffff`;

  test('is taken by the ratio, and by the trace: alike for every attempt and proxy', () => {
    for (const ratio of [0.25, 0.75]) {
      assert.equal(sent([['b3', `${low}-${SPAN}`]], ratio)[1], '01');
      assert.equal(sent([['b3', `${high}-${SPAN}`]], ratio)[1], '00');
    }
    assert.equal(sent([['b3', `${high}-${SPAN}`]], 1)[1], '01');
    assert.equal(sent([['b3', `${low}-${SPAN}`]], 0)[1], '00');
    assert.equal(sent([['b3', `${low.slice(16)}-${SPAN}`]], 0.25)[1], '01');
  });
});

describe('several who say which trace it is', () => {
  test('traceparent wins, and both forms of B3 are rewritten to agree', () => {
    const out = sent([
      ['b3', `${SHORT_TRACE}-${SPAN}-d`],
      ...multi({ TraceId: OTHER, SpanId: SPAN, Sampled: '1' }),
      ['traceparent', `00-${TRACE}-${SPAN}-00`],
    ]);
    const many = [`x-b3-traceid: ${TRACE}`, 'x-b3-spanid: {span}', 'x-b3-sampled: 0'];
    assert.deepEqual(out, [TRACE, '00', [`b3: ${TRACE}-{span}-0`, ...many]]);
    assert.deepEqual(
      sent([
        ['b3', '0'],
        ['traceparent', PARENT],
      ])[2],
      [`b3: ${TRACE}-{span}-1`],
    );
  });

  test('a traceparent that is not valid leaves it to B3', () => {
    const out = sent([
      ['traceparent', `00-${OTHER}-${SPAN}-0g`],
      ['b3', `${TRACE}-${SPAN}-1`],
    ]);
    assert.deepEqual(out, [TRACE, '01', [`b3: ${TRACE}-{span}-1`]]);
  });

  test('malformed B3 is dropped, and the traceparent goes on', () => {
    assert.deepEqual(
      sent([
        ['b3', 'x'],
        ['traceparent', PARENT],
      ]),
      [TRACE, '01', []],
    );
  });

  test('the single form decides before the many, which are rewritten', () => {
    const fields = [...multi({ TraceId: OTHER, SpanId: SPAN, Sampled: '0' })];
    const [traceId, flags, b3] = sent([['b3', `${TRACE}-${SPAN}-1`], ...fields]);
    assert.deepEqual(
      [traceId, flags, b3.length, b3[1]],
      [TRACE, '01', 4, `x-b3-traceid: ${TRACE}`],
    );
    const [fresh, denied] = sent([['b3', '0'], ...multi({ ...IDS, Sampled: '1' })]);
    assert.notEqual(fresh, TRACE);
    assert.equal(denied, '00');
  });

  test('the many count where the single form is malformed, which is dropped', () => {
    const [traceId, , b3] = sent([['b3', `${OTHER}-1`], ...multi({ ...IDS, Sampled: '1' })]);
    assert.deepEqual([traceId, b3[0]], [TRACE, `x-b3-traceid: ${TRACE}`]);
  });
});
