/** Claims about the story of a request: all of it is told, in order, once, within its width. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** What docs/looking.md shows is what is printed. */
const DOCS = readFileSync(join(import.meta.dirname, '../../../docs/looking.md'), 'utf8');

describe('the story of a request', () => {
  test('tells caller before callee, each decision, each attempt with its times', () => {
    const story = textOf(calleeRecord, callerRecord);
    assert(DOCS.includes(`\n${story}\n`), `docs/looking.md should show:\n${story}`);
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

  test('says why no other attempt followed, in the words of whoever decided it', () => {
    const failed = { isFailed: true, status: 503, attempts: [sampleAttempt({ budgetLeft: 0.4 })] };
    const empty = textOf(sampleRecord({ ...failed, denied: 'budget' }));
    assert.match(empty, /no other attempt: the retry budget of the service was empty/);
    assert.doesNotMatch(textOf(sampleRecord({ ...failed, denied: '' })), /no other attempt/);
    assert.match(textOf(sampleRecord({ ...failed, denied: 'omen' })), /no other attempt: omen/);
  });

  test('has a sentence for each reason that a proxy gives', () => {
    const words = ['final', 'answered', 'used_up', 'not_repeatable', 'body', 'deadline', 'budget'];
    for (const word of words) {
      const text = textOf(sampleRecord({ denied: word }));
      assert.doesNotMatch(text, new RegExp(`no other attempt: ${word}$`, 'm'), word);
    }
  });

  test('knows a budget without a bound', () => {
    const attempts = [sampleAttempt({ budgetLeft: null as never })];
    assert.match(textOf(sampleRecord({ attempts })), /retry budget without a bound/);
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
