/** Claims about the order in which proxies are measured. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Running } from '../peers/peer.ts';
import { pairedRatios } from '../statistics.ts';
import { type Bench, Rounds } from './question.ts';

function running(name: string): Running {
  return { name, flavor: 'full', port: 0, pid: 0, child: null as never };
}

function unhurried(): Bench {
  return { say: () => {}, hasTime: () => true } as Partial<Bench> as Bench;
}

describe('rounds in pairs', () => {
  const [off, on, other, more] = ['off', 'on', 'other', 'more'].map(running);
  const pairs = [
    [off!, on!],
    [other!, more!],
  ] as const;

  test('are A B, then B A, pair by pair, over all calls', async () => {
    const rounds = new Rounds(unhurried(), []);
    const order: string[] = [];
    const measure = async ({ name }: Running) => {
      order.push(name);
      return { cpuUs: 1 };
    };
    await rounds.inPairs(pairs, 1, measure);
    await rounds.inPairs(pairs, 1, measure);
    assert.deepEqual(order, ['off', 'on', 'other', 'more', 'on', 'off', 'more', 'other']);
  });

  test('stay paired where one measurement fails, and say so', async () => {
    const notes: string[] = [];
    const rounds = new Rounds(unhurried(), notes);
    let calls = 0;
    await rounds.inPairs([pairs[0]], 3, async ({ name }) => {
      const round = 1 + Math.floor(calls++ / 2);
      if (name === 'on' && round === 1) throw new Error('no load');
      return { cpuUs: name === 'on' ? 10 * round : round };
    });
    assert.deepEqual(notes, ['on (full): no load']);
    const ratios = pairedRatios(rounds.named('on', 'cpuUs'), rounds.named('off', 'cpuUs'));
    assert.deepEqual(ratios, [10, 10]);
  });
});
