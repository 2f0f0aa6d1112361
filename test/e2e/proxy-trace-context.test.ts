/**
 * Trace context over real sockets: from the bytes that a client sends to those that the upstream
 * gets. The W3C's situations are written down in `trace-context-situations.ts`.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { corpusCases, corporaMissing } from '../corpora/shared-corpora.ts';
import { type Hop, startHop } from '../support/hop.ts';
import type { Fields } from '../support/message-reader.ts';
import { situations, SPAN, type Step, TRACE } from './trace-context-situations.ts';

const SITUATIONS = 41;

let hop: Hop;
before(async () => {
  hop = await startHop(['app']);
});
after(async () => await hop?.close());
beforeEach(() => hop.reset());

/** What the upstream got for a request with these fields. */
async function passedOn(sent: Fields): Promise<Fields> {
  const lines = sent.map(([name, value]) => `${name}:${value}\r\n`).join('');
  const answer = await hop.ask(`GET http://app/ HTTP/1.1\r\nhost: app\r\n${lines}\r\n`);
  assert.equal(answer.status, 200);
  return hop.origin.requests.at(-1)!.fields;
}

function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

function parentOf(fields: Fields): { traceId: string; spanId: string; flags: string } {
  const values = valuesOf(fields, 'traceparent');
  assert.equal(values.length, 1, String(values));
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(values[0]!);
  assert(match !== null, values[0]!);
  const [, traceId = '', spanId = '', flags = ''] = match;
  assert.notEqual(traceId, '0'.repeat(32));
  assert.notEqual(spanId, '0'.repeat(16));
  return { traceId, spanId, flags };
}

/** The span's id that went on. */
async function holds(step: Step): Promise<string> {
  const fields = await passedOn(step.sent);
  const { traceId, spanId, flags } = parentOf(fields);
  if (step.continues) assert.equal(traceId, TRACE);
  else assert(!traceId.includes(TRACE.slice(1, -1)), traceId);
  assert.notEqual(spanId, SPAN);
  if (step.flags !== undefined) assert.equal(flags, step.flags);
  const state = valuesOf(fields, 'tracestate').join(',').split(',');
  const members = state.map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''));
  assert.deepEqual(
    members.filter((member) => member !== ''),
    step.state,
  );
  return spanId;
}

describe('W3C Trace Context, in the situations of its own suite:', () => {
  for (const [name, steps] of Object.entries(situations)) {
    test(name, async () => {
      for (const step of steps) {
        const spans = new Set<string>();
        for (let i = 0; i < (step.times ?? 1); i++) spans.add(await holds(step));
        assert.equal(spans.size, step.times ?? 1);
      }
    });
  }

  test('there are as many as when they were written down', () => {
    assert.equal(Object.keys(situations).length, SITUATIONS);
  });

  test('none of the suite is missing', { skip: corporaMissing ?? false }, () => {
    const theirs = corpusCases(['test'])
      .filter(({ corpus }) => corpus === 'w3c-trace-context')
      .map(({ id }) => id.replace(/^w3c\//, ''));
    assert.deepEqual(theirs.toSorted(), Object.keys(situations).toSorted());
  });
});

describe('baggage', () => {
  test('goes on byte for byte, whatever becomes of the trace', async () => {
    const baggage = [
      'user=%C3%A4;ttl=1 , , k = v',
      '',
      'not baggage at all',
      `k=${'v'.repeat(4_000)}`,
    ].map((value) => ['Baggage', value] as const);
    const valid = ['traceparent', `00-${TRACE}-${SPAN}-01`] as const;
    const malformed = ['b3', 'garbage'] as const;
    for (const trace of [[], [valid], [valid, valid], [malformed]]) {
      const fields = await passedOn([...trace, ...baggage]);
      assert.deepEqual(
        valuesOf(fields, 'baggage'),
        baggage.map(([, value]) => value),
      );
    }
  });
});

describe('B3', () => {
  const b3Of = (fields: Fields): Fields => fields.filter(([name]) => /b3/i.test(name));

  test('in one field goes on as one field, and as traceparent', async () => {
    const fields = await passedOn([['B3', `${TRACE}-${SPAN}-1-${SPAN}`]]);
    const { traceId, spanId, flags } = parentOf(fields);
    assert.deepEqual([traceId, flags], [TRACE, '01']);
    assert.deepEqual(b3Of(fields), [['b3', `${TRACE}-${spanId}-1`]]);
  });

  test('in many fields goes on in many, each once, and none is left of what came', async () => {
    const fields = await passedOn([
      ['X-B3-TraceId', TRACE.slice(16)],
      ['x-b3-SPANID', SPAN],
      ['X-B3-ParentSpanId', SPAN],
      ['X-B3-Sampled', '0'],
    ]);
    const { traceId, spanId, flags } = parentOf(fields);
    assert.deepEqual([traceId, flags], [`${'0'.repeat(16)}${TRACE.slice(16)}`, '00']);
    assert.deepEqual(b3Of(fields), [
      ['x-b3-traceid', TRACE.slice(16)],
      ['x-b3-spanid', spanId],
      ['x-b3-sampled', '0'],
    ]);
  });

  test('that is malformed does not go on, but a name that only looks like it does', async () => {
    const fields = await passedOn([
      ['b3', `${TRACE}-${SPAN}-2`],
      ['X-B3-Sampled', 'perhaps'],
      ['x-b3-other', '1'],
    ]);
    assert.notEqual(parentOf(fields).traceId, TRACE);
    assert.deepEqual(b3Of(fields), [['x-b3-other', '1']]);
  });

  test('is not added where none came', async () => {
    assert.deepEqual(b3Of(await passedOn([['traceparent', `00-${TRACE}-${SPAN}-01`]])), []);
    assert.deepEqual(b3Of(await passedOn([])), []);
  });
});
