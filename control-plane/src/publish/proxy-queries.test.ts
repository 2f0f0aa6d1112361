/** Claims about asking proxies: bounded in time and number, and nobody answers for another. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ControlMessage, wireLimits } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { type AskedProxy, ProxyQueries, type ProxyReply } from './proxy-queries.ts';

type Query = Extract<ControlMessage, { type: 'query' }>;

class FakeProxy implements AskedProxy {
  readonly proxy: { readonly name: string };
  readonly asked: Query[] = [];
  reads = true;

  constructor(name: string) {
    this.proxy = { name };
  }

  sayIfRoom(line: string): boolean {
    if (this.reads) this.asked.push(JSON.parse(line) as Query);
    return this.reads;
  }

  get id(): number {
    return this.asked[0]?.id ?? -1;
  }
}

const STATS = { kind: 'stats' } as const;
const filter = { route: null, onlyFailed: false, method: null, path: null };

/** `repliesOf` are those that have come. */
function asking(queries: ProxyQueries, proxies: readonly AskedProxy[]) {
  const replies: ProxyReply[] = [];
  const all = queries.ask(proxies, STATS, (reply) => replies.push(reply));
  return { replies, all };
}

describe('asking proxies', () => {
  test('hands over each answer as it comes, and ends with the last', async () => {
    const queries = new ProxyQueries();
    const [a, b] = [new FakeProxy('a'), new FakeProxy('b')];
    const { replies, all } = asking(queries, [a, b]);
    queries.hear(b, { type: 'answer', id: b.id, answer: { b: 1 } });
    assert.deepEqual(replies, [{ proxy: 'b', answer: { b: 1 }, why: '' }]);
    queries.hear(a, { type: 'answer', id: a.id, answer: { a: 1 } });
    await all;
    assert.equal(replies.length, 2);
  });

  test('names a proxy that never answers, as an older one does, and waits no longer', async () => {
    const queries = new ProxyQueries(20);
    const [old, other] = [new FakeProxy('old'), new FakeProxy('new')];
    const { replies, all } = asking(queries, [old, other]);
    queries.hear(other, { type: 'answer', id: other.id, answer: {} });
    await all;
    assert.deepEqual([replies[1]?.proxy, replies[1]?.answer], ['old', null]);
    assert.match(replies[1]?.why ?? '', /no answer in 20 ms/);
    queries.hear(old, { type: 'answer', id: old.id, answer: {} });
    assert.equal(replies.length, 2, 'what comes too late is nothing');
  });

  test('takes no answer of one proxy for another, and no answer twice', async () => {
    const queries = new ProxyQueries();
    const [asked, liar] = [new FakeProxy('asked'), new FakeProxy('liar')];
    const { replies, all } = asking(queries, [asked]);
    queries.hear(liar, { type: 'answer', id: asked.id, answer: 'a lie' });
    assert.deepEqual(replies, []);
    queries.hear(asked, { type: 'answer', id: asked.id, answer: 1 });
    queries.hear(asked, { type: 'answer', id: asked.id, answer: 2 });
    await all;
    assert.deepEqual(
      replies.map(({ answer }) => answer),
      [1],
    );
  });

  test('does not wait for one that left, that does not read, or that has no answer', async () => {
    const queries = new ProxyQueries();
    const [gone, deaf, mute] = [
      new FakeProxy('gone'),
      new FakeProxy('deaf'),
      new FakeProxy('mute'),
    ];
    deaf.reads = false;
    const { replies, all } = asking(queries, [gone, deaf, mute]);
    queries.left(gone, 'the connection closed');
    queries.hear(mute, { type: 'answer', id: mute.id, answer: null, why: 'too large' });
    await all;
    assert.deepEqual(
      replies.map(({ proxy, why }) => [proxy, why]),
      [
        ['deaf', 'it does not read its stream'],
        ['gone', 'it left: the connection closed'],
        ['mute', 'too large'],
      ],
    );
  });

  test('ends at once where there is nobody to ask, and when the control plane closes', async () => {
    const queries = new ProxyQueries();
    await asking(queries, []).all;
    const { all } = asking(queries, [new FakeProxy('a')]);
    queries.close();
    await all;
  });

  test('has room for so many taps and so many queries, and has it again', async () => {
    const queries = new ProxyQueries();
    const proxy = new FakeProxy('a');
    const tap = { kind: 'tap', filter, tapMs: 1 } as const;
    const taps = Array.from({ length: wireLimits.tapsMax }, () =>
      queries.ask([proxy], tap, () => {}),
    );
    assert.equal(queries.hasRoomForTap, false);
    assert.equal(queries.hasRoomFor(limits.queriesMax - wireLimits.tapsMax), true);
    assert.equal(queries.hasRoomFor(limits.queriesMax - wireLimits.tapsMax + 1), false);
    queries.left(proxy, 'bye');
    await Promise.all(taps);
    assert.equal(queries.hasRoomForTap, true);
    assert.equal(queries.hasRoomFor(limits.queriesMax), true);
  });
});
