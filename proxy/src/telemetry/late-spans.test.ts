/** Claims about records that are held, and made only when their spans leave. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { until, within } from '../../../test/support/waiting.ts';
import { seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import { type Collector, ManualTime, startCollector, taken } from './collector-fixture.ts';
import { LateByHand } from './late-records-fixture.ts';
import { silentLog } from './log.ts';
import { aRecord } from './span-fixture.ts';
import { SpanExporter } from './span-exporter.ts';

/** `aRecord` has one attempt. */
const SPANS = 2;
const REQUEST_ID = /"remora.request_id","value":{"stringValue":"(.*?)"/g;

let time: ManualTime;
let collector: Collector;
let late: LateByHand;
let exporter: SpanExporter;

beforeEach(async () => {
  time = new ManualTime();
  late = new LateByHand();
  collector = await startCollector();
  exporter = new SpanExporter({
    ...{ url: collector.url, clock: time.clock, wheel: time.wheel, late },
    identity: aRecord().proxy,
    chance: seededChance(1),
    log: silentLog,
  });
});

afterEach(async () => {
  const closed = exporter.close();
  time.advanceMs(limits.spanCloseMs);
  await within(closed, 5_000, () => 'the exporter to close');
  await collector.stop();
});

describe('records that nobody has made yet', () => {
  test('are made for the batch that they leave with, the oldest first', async () => {
    holdMany(3);
    assert.deepEqual(exporter.queued, { records: 3, bytes: 0 });
    time.advanceMs(limits.spanFlushMs);
    await counted(3 * SPANS, 0);
    const told = [...collector.batches[0]!.matchAll(REQUEST_ID)];
    assert.deepEqual(
      told.map(([, id]) => id),
      ['late-0', 'late-1', 'late-2'],
    );
    assert.deepEqual(exporter.queued, { records: 0, bytes: 0 });
  });

  test('fill a batch together with those that were made', async () => {
    holdMany(limits.spanBatchMax - 10);
    for (let count = 0; count < 10; count++) exporter.add(aRecord());
    time.advanceMs(1);
    await counted(limits.spanBatchMax * SPANS, 0);
    assert.equal(collector.batches.length, 1);
  });

  test('are made before they are overwritten, while no batch leaves', async () => {
    collector.answer = () => undefined;
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await until(() => collector.batches.length === 1, 'a batch');
    const many = 3 * limits.heldRequestsMax;
    holdMany(many);
    assert.equal(exporter.queued.records, many);
    collector.answer = taken;
    time.advanceMs(limits.spanAnswerTimeoutMs + limits.spanRetryMaxMs);
    await counted(SPANS, 0);
    await exporter.close();
    const ids = collector.batches.flatMap((text) => text.match(/late-\d+/g) ?? []);
    assert.deepEqual(
      [...new Set(ids)],
      Array.from({ length: many }, (_, at) => `late-${at}`),
    );
    assert.equal(exporter.exported, (1 + many) * SPANS);
  });

  test('are bounded with all that waits', async () => {
    collector.answer = () => undefined;
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await until(() => collector.batches.length === 1, 'a batch');
    const many = limits.spanQueueMax + 3 * limits.heldRequestsMax;
    holdMany(many);
    const { records } = exporter.queued;
    assert(records <= limits.spanQueueMax + limits.heldRequestsMax);
    assert.equal(exporter.dropped, (many - records) * SPANS);
  });

  test('are sent when the exporter closes, and dropped after that', async () => {
    holdMany(2);
    await exporter.close();
    assert.deepEqual([exporter.exported, exporter.dropped], [2 * SPANS, 0]);
    holdMany(1);
    assert.equal(exporter.dropped, SPANS);
  });
});

function holdMany(records: number): void {
  for (let count = 0; count < records; count++) {
    late.all.push(aRecord({ requestId: `late-${late.all.length}` }));
    exporter.onLate();
  }
}

async function counted(exported: number, dropped: number): Promise<void> {
  await until(
    () => exporter.exported === exported && exporter.dropped === dropped,
    `${exported} exported and ${dropped} dropped spans`,
  );
}
