/** Claims about answers to people: whole, or named as cut; and always within bounds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ProxyQuery, type RecordsAnswer, wireLimits } from '@remora/api/wire.ts';
import { ManualClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { requestRecord } from '@remora/api/record-fixture.ts';
import { LateByHand } from '../telemetry/late-records-fixture.ts';
import { RecordStore } from '../telemetry/record-store.ts';
import { Queries } from './queries.ts';
import { readQueryMessage } from './query-shape.ts';
import { recordsAnswer } from './records-answer.ts';

interface Answered {
  readonly type: string;
  readonly id: number;
  readonly answer: unknown;
  readonly why?: string;
}

function world(pages: Partial<Record<'config' | 'stats', readonly string[]>> = {}) {
  const records = new RecordStore(new LateByHand());
  const queries = new Queries({
    records,
    clock: new ManualClock(),
    configPieces: () => pages.config ?? [],
    statsPieces: () => pages.stats ?? [],
  });
  const ask = async (query: ProxyQuery): Promise<Answered> => {
    const line = await queries.answerLine(7, query);
    assert.equal(line.indexOf('\n'), line.length - 1, 'one line');
    assert(Buffer.byteLength(line) <= wireLimits.answerBytesMax + 128);
    return JSON.parse(line) as Answered;
  };
  return { records, ask };
}

const filter = { route: null, onlyFailed: false, method: null, path: null };

describe('an answer to a query', () => {
  test('is the page as the admin listener has it, though that has many lines', async () => {
    const { ask } = world({ config: ['{"a":\n', '"b\\n"}\n'] });
    assert.deepEqual(await ask({ kind: 'config' }), {
      type: 'answer',
      id: 7,
      answer: { a: 'b\n' },
    });
  });

  test('names the page to ask instead of one that is too large', async () => {
    const { ask } = world({ stats: ['"', 'x'.repeat(wireLimits.answerBytesMax), '"'] });
    const { answer, why } = await ask({ kind: 'stats' });
    assert.equal(answer, null);
    assert.match(why ?? '', /\/stats$/);
  });

  test('leaves out and counts the records that do not fit, the last ones given', () => {
    const given = Array.from({ length: 400 }, (_, startedAt) =>
      requestRecord({ startedAt, path: '/'.padEnd(4_000, 'x') }),
    );
    const text = recordsAnswer(given, 5);
    assert(Buffer.byteLength(text) <= wireLimits.answerBytesMax);
    const { records, leftOut } = JSON.parse(text) as RecordsAnswer;
    assert(records.length > 200);
    assert.deepEqual(records, given.slice(0, records.length));
    assert.equal(records.length + leftOut, 405);
  });

  test('to explain begins with the newest record of the request, as those count most', async () => {
    const { records, ask } = world();
    for (const startedAt of [1, 2]) records.add(requestRecord({ startedAt }));
    const answer = (await ask({ kind: 'explain', requestId: 'r-1' })).answer as RecordsAnswer;
    assert.deepEqual(
      answer.records.map(({ startedAt }) => startedAt),
      [2, 1],
    );
  });

  test('to a tap holds what ended while it was open, and closes the tap', async () => {
    const { records, ask } = world();
    records.add(requestRecord({ requestId: 'before' }));
    const asked = ask({ kind: 'tap', filter, tapMs: 20 });
    records.add(requestRecord({ requestId: 'while' }));
    assert.equal(records.wantsAll, true);
    const { records: seen } = (await asked).answer as RecordsAnswer;
    assert.deepEqual(
      seen.map(({ requestId }) => requestId),
      ['while'],
    );
    assert.equal(records.wantsAll, false);
  });

  test('refuses one tap and one query too many, and says so', async () => {
    const { ask } = world();
    const tap = { kind: 'tap', filter, tapMs: 20 } as const;
    const taps = Array.from({ length: limits.queriesMax }, () => ask(tap));
    assert.match((await ask({ kind: 'config' })).why ?? '', /32 other queries/);
    const answers = await Promise.all(taps);
    const refused = answers.filter(({ why }) => why === `${wireLimits.tapsMax} taps are open here`);
    assert.equal(answers.length - refused.length, wireLimits.tapsMax);
  });
});

describe('a query that is read', () => {
  const tap = { kind: 'tap', filter, tapMs: wireLimits.answerMs };

  test('is one with an id, of a kind that is known and with all its parts', () => {
    const message = { type: 'query', id: 1, query: tap } as const;
    assert.deepEqual(readQueryMessage(message), message);
  });

  for (const [what, value] of [
    ['of a newer kind', { id: 1, query: { kind: 'from-the-future' } }],
    ['of a kind that every object has', { id: 1, query: { kind: 'toString' } }],
    ['without an id', { query: { kind: 'stats' } }],
    ['without a query', { id: 1 }],
    ['that lasts longer than was agreed', { id: 1, query: { ...tap, tapMs: 2_001 } }],
    ['with half a filter', { id: 1, query: { ...tap, filter: { route: null } } }],
  ] as const) {
    test(`is ignored ${what}, and ends no stream`, () => {
      assert.equal(readQueryMessage(value), null);
    });
  }
});
