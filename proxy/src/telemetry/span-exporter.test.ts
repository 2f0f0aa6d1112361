import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { until, within } from '../../../test/support/waiting.ts';
import { type Chance, seededChance } from '../clock.ts';
import * as limits from '../limits.ts';
import {
  type Answer,
  type Collector,
  ManualTime,
  startCollector,
  startRaw,
  taken,
} from './collector-fixture.ts';
import { aRecord } from './span-fixture.ts';
import { LateByHand } from './late-records-fixture.ts';
import { SpanExporter } from './span-exporter.ts';

/** `aRecord` has one attempt. */
const SPANS = 2;

let time: ManualTime;
let collector: Collector;
let late: LateByHand;
let complaints: { why: string; dropped: number }[];
let exporter: SpanExporter;

beforeEach(async () => {
  time = new ManualTime();
  complaints = [];
  late = new LateByHand();
  collector = await startCollector();
  exporter = exporterTo(collector.url);
});

afterEach(async () => {
  const closed = exporter.close();
  time.advanceMs(limits.spanCloseMs);
  await within(closed, 5_000, () => 'the exporter to close');
  await collector.stop();
});

describe('spans of records', () => {
  test('leave together, a second after the first of them', async () => {
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs - 1);
    exporter.add(aRecord());
    assert.deepEqual(exporter.queued.records, 2);
    time.advanceMs(1);
    await counted(2 * SPANS, 0);
    const [request] = collector.requests;
    assert.equal(request!.method, 'POST');
    assert.equal(request!.url, '/v1/traces');
    assert.equal(request!.headers['content-type'], 'application/json');
    assert.equal(collector.batches.length, 1);
    assert.equal(spansIn(collector.batches[0]!), 2 * SPANS);
    assert.deepEqual(exporter.queued, { records: 0, bytes: 0 });
  });

  test('leave sooner where a batch is full, and the rest on the same connection', async () => {
    addMany(limits.spanBatchMax + 1);
    time.advanceMs(1);
    await counted(limits.spanBatchMax * SPANS, 0);
    assert.equal(exporter.queued.records, 1);
    time.advanceMs(limits.spanFlushMs);
    await counted((limits.spanBatchMax + 1) * SPANS, 0);
    assert.equal(collector.connections, 1);
  });

  test('are a batch of bounded text, whatever their paths', async () => {
    const path = `/${'x'.repeat(8_000)}`;
    for (let count = 0; count < 100; count++) exporter.add(aRecord({ path }));
    time.advanceMs(limits.spanFlushMs);
    await counted(spansIn(await batch(0)), 0);
    assert.ok(collector.batches[0]!.length < limits.spanBatchBytesMax + 64 * 1024);
    assert.ok(exporter.queued.records > 0);
  });

  test('are dropped where they are too long for any batch, and the others leave', async () => {
    exporter.add(aRecord({ path: `/${'x'.repeat(limits.spanBatchBytesMax)}` }));
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await counted(SPANS, SPANS);
    assert.match(complaints[0]!.why, /long/);
  });

  test('go below a path that the URL has', async () => {
    const below = exporterTo(`${collector.url}/otlp/`);
    below.add(aRecord());
    await below.close();
    assert.equal(collector.requests[0]!.url, '/otlp/v1/traces');
  });

  test('that the collector rejects are dropped, and the others exported', async () => {
    collector.answer = (response) =>
      response.end('{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}');
    exporter.add(aRecord());
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await counted(1, 3);
    assert.match(complaints[0]!.why, /too old/);
  });
});

describe('a full queue', () => {
  test('takes no more records, and counts their spans', () => {
    addMany(limits.spanQueueMax + 10);
    assert.equal(exporter.queued.records, limits.spanQueueMax);
    assert.equal(exporter.dropped, 10 * SPANS);
  });

  test('is full by bytes too', () => {
    const path = `/${'x'.repeat(limits.spanQueueBytesMax / 10)}`;
    for (let count = 0; count < 20; count++) exporter.add(aRecord({ path }));
    assert.equal(exporter.queued.records, 9);
    assert.equal(exporter.dropped, 11 * SPANS);
    assert.ok(exporter.queued.bytes <= limits.spanQueueBytesMax);
  });
});

describe('a collector that', () => {
  test('is down is tried a bounded number of times for one batch', async () => {
    await exporterGoesTo(await closedPort());
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    for (let attempt = 1; attempt < limits.spanTriesMax; attempt++) {
      await settled();
      assert.equal(exporter.dropped, 0, `given up after ${attempt}`);
      time.advanceMs(limits.spanRetryMaxMs);
    }
    await counted(0, SPANS);
    assert.match(complaints[0]!.why, /ECONNREFUSED/);
    // What comes later does not ask sooner than the last failure allows.
    exporter.add(aRecord());
    time.advanceMs(limits.spanRetryMaxMs);
    await settled();
    assert.equal(exporter.dropped, SPANS);
  });

  test('fails again is left alone for longer, up to a bound', async () => {
    collector.answer = (response) => response.writeHead(503).end();
    const patient = exporterTo(collector.url, () => 1 - Number.EPSILON);
    patient.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    for (const [at, waitMs] of [1_000, 2_000, 4_000, limits.spanRetryMaxMs].entries()) {
      await batch(at);
      await settled();
      time.advanceMs(waitMs - 1);
      await settled();
      assert.equal(collector.batches.length, at + 1, `asked again before ${waitMs} ms`);
      time.advanceMs(1);
    }
    await batch(4);
    await patient.close();
  });

  test('is back gets what waited', async () => {
    collector.answer = (response) => response.writeHead(503).end();
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await batch(0);
    collector.answer = taken;
    exporter.add(aRecord());
    await settled();
    time.advanceMs(limits.spanRetryMaxMs);
    await counted(SPANS, 0);
    time.advanceMs(limits.spanFlushMs);
    await counted(2 * SPANS, 0);
  });

  test('never answers is left after a time, and the queue is bounded meanwhile', async () => {
    collector.answer = () => undefined;
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await batch(0);
    addMany(3 * limits.spanQueueMax);
    assert.equal(exporter.queued.records, limits.spanQueueMax);
    assert.equal(exporter.dropped, 2 * limits.spanQueueMax * SPANS);
    time.advanceMs(limits.spanAnswerTimeoutMs - 1);
    assert.equal(complaints.length, 1, 'of the full queue');
    collector.answer = taken;
    time.advanceMs(1 + limits.spanRetryMaxMs);
    await counted(SPANS, 2 * limits.spanQueueMax * SPANS);
    assert.equal(collector.connections, 2);
  });

  test('asks for a pause gets it, within a bound', async () => {
    const asked = { 503: '7', 429: '86400' };
    const waits = { 503: 7_000, 429: limits.spanRetryAfterMsMax };
    for (const status of [503, 429] as const) {
      const seen = collector.batches.length;
      collector.answer = (response) => {
        response.writeHead(status, { 'retry-after': asked[status] }).end('later');
      };
      exporter.add(aRecord());
      time.advanceMs(limits.spanFlushMs);
      await batch(seen);
      await settled();
      collector.answer = taken;
      time.advanceMs(waits[status] - 1);
      await settled();
      assert.equal(collector.batches.length, seen + 1);
      time.advanceMs(1);
      await batch(seen + 1);
      await settled();
    }
    assert.equal(exporter.dropped, 0);
    assert.equal(collector.connections, 1);
  });

  test('refuses a batch is not sent it again, and is complained of once in a minute', async () => {
    collector.answer = (response) => response.writeHead(400).end('no');
    for (let refused = 1; refused <= 3; refused++) {
      exporter.add(aRecord());
      time.advanceMs(limits.spanFlushMs);
      await counted(0, refused * SPANS);
    }
    assert.equal(collector.batches.length, 3);
    assert.deepEqual(complaints, [{ why: 'it answered 400', dropped: SPANS }]);
    time.advanceMs(limits.spanComplaintMs);
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await counted(0, 4 * SPANS);
    assert.equal(complaints.length, 2);
  });

  test('answers garbage is tried again', async () => {
    const raw = await startRaw((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await exporterGoesTo(raw.url);
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await until(() => complaints.length === 1, 'a complaint');
    assert.match(complaints[0]!.why, /not HTTP/);
    assert.deepEqual([exporter.exported, exporter.dropped], [0, 0]);
    await raw.stop();
  });
});

describe('closing', () => {
  test('sends what waits, at once', async () => {
    addMany(limits.spanBatchMax + 1);
    await exporter.close();
    assert.deepEqual([exporter.exported, exporter.dropped], [(limits.spanBatchMax + 1) * SPANS, 0]);
    exporter.add(aRecord());
    assert.equal(exporter.dropped, SPANS);
  });

  test('waits a second for a collector that is silent, and counts what it leaves', async () => {
    collector.answer = () => undefined;
    addMany(limits.spanBatchMax + 1);
    let isClosed = false;
    const closed = exporter.close().then(() => {
      isClosed = true;
    });
    await batch(0);
    time.advanceMs(limits.spanCloseMs - 1);
    await settled();
    assert.ok(!isClosed);
    time.advanceMs(1);
    await closed;
    assert.equal(exporter.dropped, (limits.spanBatchMax + 1) * SPANS);
  });

  test('does not wait out a pause, and tries once more', async () => {
    collector.answer = (response) => response.writeHead(503, { 'retry-after': '20' }).end();
    exporter.add(aRecord());
    time.advanceMs(limits.spanFlushMs);
    await batch(0);
    await settled();
    collector.answer = taken;
    await exporter.close();
    assert.deepEqual([exporter.exported, exporter.dropped], [SPANS, 0]);
  });
});

test('property: every span is exported or dropped, once, whatever the collector does', async () => {
  const answers: Answer[] = [
    taken,
    (response) => response.writeHead(400).end(),
    (response) => response.writeHead(503).end(),
    (response) => response.destroy(),
    (response) => response.end('{"partialSuccess":{"rejectedSpans":1}}'),
  ];
  const step = fc.record({ records: fc.nat(300), answer: fc.nat(answers.length - 1) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.integer(), async (steps, seed) => {
      const one = exporterTo(collector.url, seededChance(seed));
      let spans = 0;
      for (const { records, answer } of steps) {
        collector.answer = answers[answer]!;
        for (let count = 0; count < records; count++) {
          if (count % 3 === 0) {
            one.add(aRecord());
            continue;
          }
          late.all.push(aRecord());
          one.onLate();
        }
        spans += records * SPANS;
        time.advanceMs(limits.spanFlushMs);
        await settled();
        assert.ok(one.exported + one.dropped <= spans);
      }
      const closed = one.close();
      await settled();
      time.advanceMs(limits.spanCloseMs);
      await closed;
      assert.equal(one.exported + one.dropped, spans);
      assert.deepEqual(one.queued, { records: 0, bytes: 0 });
    }),
    { numRuns: 25 },
  );
});

function exporterTo(url: string, chance: Chance = seededChance(1)): SpanExporter {
  const warn = (fields: Readonly<Record<string, unknown>>): void => {
    complaints.push({ why: String(fields['why']), dropped: Number(fields['dropped']) });
  };
  const log = { info: () => undefined, warn, error: () => undefined };
  const identity = aRecord().proxy;
  const { clock, wheel } = time;
  return new SpanExporter({ url, identity, clock, wheel, chance, log, late });
}

async function exporterGoesTo(url: string): Promise<void> {
  await exporter.close();
  exporter = exporterTo(url);
}

function addMany(records: number): void {
  for (let count = 0; count < records; count++) exporter.add(aRecord());
}

async function counted(exported: number, dropped: number): Promise<void> {
  await until(
    () => exporter.exported === exported && exporter.dropped === dropped,
    `${exported} exported and ${dropped} dropped spans`,
  );
}

async function batch(index: number): Promise<string> {
  await until(() => collector.batches.length > index, `batch ${index}`);
  return collector.batches[index]!;
}

/** Lets what is on its way over loopback arrive. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
}

function spansIn(text: string): number {
  return JSON.parse(text).resourceSpans[0].scopeSpans[0].spans.length;
}

async function closedPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}
