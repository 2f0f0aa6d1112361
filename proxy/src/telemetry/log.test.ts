/** Claims about the log: pino's lines, one write a turn, and bounded loss for a slow reader. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { LEVEL, LineLog, type LogSink } from './log.ts';

class Sink implements LogSink {
  writableLength = 0;
  readonly writes: string[] = [];

  write(bytes: Uint8Array): void {
    this.writes.push(String(bytes));
  }
}

function newLog(): { sink: Sink; log: LineLog } {
  const sink = new Sink();
  return { sink, log: new LineLog(sink, 'remora-proxy', () => 1_700_000_000_000) };
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
});
