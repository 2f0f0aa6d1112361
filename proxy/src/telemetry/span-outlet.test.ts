import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { until, within } from '../../../test/support/waiting.ts';
import { seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { type Collector, ManualTime, startCollector } from './collector-fixture.ts';
import { silentLog } from './log.ts';
import { aRecord } from './span-fixture.ts';
import { LateByHand } from './late-records-fixture.ts';
import { SpanOutlet } from './span-outlet.ts';

let time: ManualTime;
let first: Collector;
let second: Collector;
let outlet: SpanOutlet;
let late: LateByHand;
let exported = 0;

beforeEach(async () => {
  time = new ManualTime();
  exported = 0;
  [first, second] = [await startCollector(), await startCollector()];
  const { clock, wheel } = time;
  const identity = aRecord().proxy;
  late = new LateByHand();
  outlet = new SpanOutlet({
    ...{ identity, clock, wheel, late },
    chance: seededChance(1),
    log: silentLog,
  });
});

afterEach(async () => {
  const closed = outlet.close();
  time.advanceMs(limits.spanCloseMs);
  await within(closed, 5_000, () => 'the outlet to close');
  await Promise.all([first.stop(), second.stop()]);
});

function hold(requestId: string): void {
  late.all.push(aRecord({ requestId }));
  outlet.onLate();
}

async function sent(to: Collector, batches: number): Promise<void> {
  time.advanceMs(limits.spanFlushMs);
  await until(() => to.batches.length === batches, `${batches} batches at one collector`);
  // The next one is taken once this one was answered.
  exported += 2;
  await until(() => outlet.exported === exported, `${exported} spans counted`);
}

describe('where spans go', () => {
  test('is nowhere before a collector is named, and nothing is counted as lost', () => {
    outlet.add(aRecord());
    assert.deepEqual([outlet.exported, outlet.dropped], [0, 0]);
  });

  test('is the collector named last, with what still waits', async () => {
    outlet.use(first.url);
    outlet.add(aRecord());
    await sent(first, 1);
    outlet.add(aRecord());
    outlet.use(second.url);
    await sent(second, 1);
    outlet.add(aRecord());
    await sent(second, 2);
    assert.equal(first.batches.length, 1);
    assert.deepEqual([second.connections, outlet.dropped], [1, 0]);
  });

  test('is the next collector for a batch that the one before never answered', async () => {
    first.answer = () => undefined;
    outlet.use(first.url);
    outlet.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await until(() => first.batches.length === 1, 'a batch');
    outlet.use(second.url);
    time.advanceMs(limits.spanAnswerTimeoutMs);
    time.advanceMs(limits.spanRetryMaxMs);
    await until(() => second.batches.length === 1, 'the same batch at the second');
    assert.equal(second.batches[0], first.batches[0]);
  });

  test('is nowhere again once none is named: nothing new is taken', async () => {
    outlet.use(first.url);
    outlet.add(aRecord());
    outlet.use(null);
    outlet.add(aRecord());
    await sent(first, 1);
    assert.deepEqual([outlet.exported, outlet.dropped], [2, 0]);
  });

  test('is nowhere again for records that are late, but for those it had heard of', async () => {
    outlet.use(first.url);
    hold('heard-of');
    outlet.use(null);
    hold('not-heard-of');
    await sent(first, 1);
    outlet.use(first.url);
    hold('heard-of-again');
    await sent(first, 2);
    assert.match(first.batches[0]!, /"heard-of"/);
    assert.match(first.batches[1]!, /"heard-of-again"/);
    assert.doesNotMatch(first.batches.join(''), /not-heard-of/);
  });

  test('stays as it is where the new collector cannot be used', async () => {
    outlet.use(first.url);
    assert.throws(() => outlet.use('https://a.example'), /plain http/);
    outlet.add(aRecord());
    await sent(first, 1);
  });
});
