/** Claims about the log: pino's lines, one write a turn, and bounded loss for a slow reader. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as limits from '../limits.ts';
import { LEVEL, LineLog, type LogSink } from './log.ts';

const WALL_MS = 1_700_000_000_000;

class Sink implements LogSink {
  writableLength = 0;
  readonly writes: string[] = [];

  write(bytes: Uint8Array): boolean {
    this.writes.push(String(bytes));
    return true;
  }
}

function newLog(): { sink: Sink; log: LineLog } {
  const sink = new Sink();
  return { sink, log: new LineLog(sink, 'remora-proxy', () => WALL_MS) };
}

describe('the log', () => {
  test('writes lines as pino does', async () => {
    const { sink, log } = newLog();
    log.warn({ destination: 'a.b:80' }, 'refused');
    await nextTurn();
    const before = '{"level":40,"time":1700000000000,"name":"remora-proxy"';
    assert.deepEqual(sink.writes, [`${before},"destination":"a.b:80","msg":"refused"}\n`]);
  });

  test('puts the lines of one turn into one write', async () => {
    const { sink, log } = newLog();
    for (let i = 0; i < 5; i++) log.info({ i }, 'line');
    assert.equal(sink.writes.length, 0);
    await nextTurn();
    assert.equal(sink.writes.length, 1);
    assert.equal(sink.writes[0]!.split('\n').length, 6);
  });

  test('loses lines for a reader that is too slow, counts them, and says so later', async () => {
    const { sink, log } = newLog();
    sink.writableLength = limits.logBufferBytesMax;
    log.error({}, 'lost');
    log.error({}, 'lost too');
    await nextTurn();
    assert.deepEqual(sink.writes, []);
    assert.equal(log.dropped, 2);
    sink.writableLength = 0;
    log.info({}, 'back');
    await nextTurn();
    assert.match(sink.writes[0]!, /"dropped":2,"msg":"log lines were dropped"\}\n.*"msg":"back"/);
    log.info({}, 'again');
    await nextTurn();
    assert.doesNotMatch(sink.writes[1]!, /dropped/);
  });

  test('takes a line while less than the bound waits, in batch and sink together', () => {
    const { sink, log } = newLog();
    log.append(LEVEL.INFO, `,"msg":"${'x'.repeat(1_000)}"`);
    sink.writableLength = 500;
    assert(log.takes(1_700));
    assert.equal(log.dropped, 0);
    assert(!log.takes(1_500));
    assert.equal(log.dropped, 1);
  });

  test('a field cannot take the place of the message', async () => {
    const { sink, log } = newLog();
    log.info({ msg: 'mine' }, 'the log');
    await nextTurn();
    assert.match(sink.writes[0]!, /"msg":"the log"\}\n$/);
    assert.doesNotMatch(sink.writes[0]!, /mine/);
  });

  test('hands over what waits when flushed, once', async () => {
    const { sink, log } = newLog();
    log.info({}, 'last words');
    log.flush();
    await nextTurn();
    assert.equal(sink.writes.length, 1);
  });

  test('lays a line into bytes that reads as one made of text', () => {
    const { sink, log } = newLog();
    const at = log.beginLine(WALL_MS, 100);
    log.endLine(at + log.batch.bytes.write(',"msg":"a"}\n', at));
    log.append(LEVEL.INFO, ',"msg":"a"');
    log.flush();
    const [first, second] = sink.writes[0]!.split('\n');
    assert.equal(first, second);
  });

  test('does not write over a batch that the sink still holds', () => {
    const { held, log } = newHoldingLog();
    for (let batch = 0; batch < 4; batch++) writeBatch(log, batch);
    assert.equal(held.length, 4);
    for (const [batch, { bytes }] of held.entries()) {
      const fields = String(bytes).match(/"batch":\d/g) ?? [];
      assert.equal(fields.length, 40);
      assert(fields.every((field) => field === `"batch":${batch}`));
    }
  });

  test('goes on in a new batch where a line does not fit', () => {
    const { held, log } = newHoldingLog();
    const lines = 200;
    for (let line = 0; line < lines; line++) {
      log.append(LEVEL.INFO, `,"line":${line},"msg":"${'x'.repeat(1_000)}"`);
    }
    log.flush();
    assert(held.length > 2);
    const text = held.map(({ bytes }) => String(bytes)).join('');
    const read = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).line);
    assert.deepEqual(read, [...Array(lines).keys()]);
  });

  test('fills a batch again that the sink is done with', () => {
    const { held, log } = newHoldingLog();
    writeBatch(log, 0);
    held[0]!.done();
    writeBatch(log, 1);
    assert.equal(held[1]!.bytes.buffer, held[0]!.bytes.buffer);
  });

  test('goes on in the same batch where the sink took it at once', () => {
    const memories = new Set<ArrayBufferLike>();
    const write = (bytes: Uint8Array) => memories.add(bytes.buffer).size > 0;
    const log = new LineLog({ writableLength: 0, write }, 'remora-proxy', () => WALL_MS);
    for (let batch = 0; batch < 4; batch++) writeBatch(log, batch);
    assert.equal(memories.size, 1);
  });

  test('holds a few lines, and no whole batch, for a reader that sleeps', () => {
    const { held, log } = newHoldingLog();
    for (let line = 0; line < 20; line++) {
      log.append(LEVEL.INFO, ',"msg":"a"');
      log.flush();
    }
    const memories = new Set(held.map(({ bytes }) => bytes.buffer));
    const bytes = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert(bytes < 3 * limits.logBatchBytes, `${bytes}`); // Buffers share pools.
  });
});

interface Held {
  readonly bytes: Uint8Array;
  readonly done: () => void;
}

/** A log whose sink keeps what it was given. */
function newHoldingLog(): { held: Held[]; log: LineLog } {
  const held: Held[] = [];
  const sink = {
    writableLength: 0,
    write(bytes: Uint8Array, done: () => void): boolean {
      held.push({ bytes, done });
      this.writableLength += bytes.length;
      return false;
    },
  };
  return { held, log: new LineLog(sink, 'remora-proxy', () => WALL_MS) };
}

/** Most of a batch, of lines that bear a number, and hands it over. */
function writeBatch(log: LineLog, batch: number): void {
  const text = 'x'.repeat(1_000);
  for (let line = 0; line < 40; line++) {
    log.append(LEVEL.INFO, `,"batch":${batch},"msg":"${text}"`);
  }
  log.flush();
}
