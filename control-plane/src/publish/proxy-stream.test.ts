import assert from 'node:assert/strict';
import { Duplex, PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { type ProxyMessage, wireLimits } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { ProxyStream } from './proxy-stream.ts';

const HELLO = {
  type: 'hello',
  protocol: 1,
  proxy: { name: 'cart-0', namespace: 'shop', workload: 'cart' },
  known: { 'catalog.shop:80': 'abc', __proto__: 'x' },
};

function opened(socket: Duplex = new PassThrough()) {
  const heard: ProxyMessage[] = [];
  const ends: string[] = [];
  const stream = new ProxyStream(
    socket,
    { onMessage: (_from, message) => heard.push(message), onClose: (_from, why) => ends.push(why) },
    0,
  );
  const say = (message: unknown, nowMs = 0) =>
    stream.receive(Buffer.from(`${JSON.stringify(message)}\n`), nowMs);
  return { stream, socket, heard, ends, say };
}

describe('a proxy stream', () => {
  test('is dropped after the silence that both sides agreed on, and not a moment before', () => {
    const { stream, ends, say } = opened();
    say(HELLO, 1_000);
    stream.beat(1_000 + wireLimits.silenceMs);
    assert.deepEqual(ends, []);
    stream.beat(1_001 + wireLimits.silenceMs);
    assert.match(ends[0] ?? '', /silent/);
  });

  test('pings at each heartbeat, but not a peer that does not read', () => {
    const { stream, socket, say } = opened();
    say(HELLO);
    stream.beat(1);
    assert.equal(String(socket.read()), '{"type":"ping"}\n');
    stream.send('big', 'x'.repeat(limits.unsentBytesMax + 1));
    const waiting = socket.writableLength + socket.readableLength;
    stream.beat(2);
    assert.ok(socket.writableLength + socket.readableLength <= waiting + 16);
  });

  test('hands a socket only a bounded amount of what waits, again and again', async () => {
    let taken = () => {};
    const socket = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        taken = done;
      },
    });
    const { stream, say } = opened(socket);
    say(HELLO);
    const line = 'x'.repeat(limits.unsentBytesMax / 2);
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 40; index++) stream.send(`${round} ${index}`, line);
      const unsent = socket.writableLength;
      assert.ok(unsent > 0 && unsent < 2 * limits.unsentBytesMax, `${unsent} bytes`);
      // The peer takes what was handed over, which lets the next of it follow.
      for (let written = 0; written < 2; written++) {
        taken();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.ok(socket.writableLength < 2 * limits.unsentBytesMax);
  });

  test('answers what came at once with one write', async () => {
    const writes: number[] = [];
    const socket = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => done(void writes.push(1)),
      writev: (chunks, done) => done(void writes.push(chunks.length)),
    });
    const answer = (from: ProxyStream, { type }: ProxyMessage) => from.send(type, `${type}\n`);
    const stream = new ProxyStream(socket, { onMessage: answer, onClose: () => {} }, 0);
    const said = [HELLO, { type: 'subscribe', destination: 'a.b:80' }, { type: 'ping' }];
    stream.receive(Buffer.from(said.map((one) => `${JSON.stringify(one)}\n`).join('')), 0);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(writes, [3]);
  });

  test('ends at a line over the bound, and at a second hello', () => {
    const long = opened();
    long.stream.receive(Buffer.alloc(wireLimits.lineBytesMax + 1, 0x20), 0);
    assert.match(long.ends[0] ?? '', /over/);
    const twice = opened();
    twice.say(HELLO);
    twice.say(HELLO);
    assert.deepEqual([twice.heard.length, twice.ends], [1, ['a second hello']]);
  });

  test('ends at an answer over the bound, and takes one that is as large as may be', () => {
    const answer = (bytes: number) => ({ type: 'answer', id: 1, answer: 'x'.repeat(bytes - 2) });
    const { heard, ends, say } = opened();
    say(HELLO);
    say(answer(wireLimits.answerBytesMax));
    assert.deepEqual([heard.length, ends], [2, []]);
    say(answer(wireLimits.answerBytesMax + 1_024));
    assert.match(ends[0] ?? '', /an answer is over/);
  });

  test('reads nothing after the message that ended it', () => {
    const { stream, heard, ends } = opened();
    stream.receive(Buffer.from(`nonsense\n${JSON.stringify(HELLO)}\n`), 0);
    assert.deepEqual([heard.length, ends.length], [0, 1]);
  });

  test('keeps the versions that the proxy holds', () => {
    const { stream, say } = opened();
    say(HELLO);
    assert.equal(stream.known.get('catalog.shop:80'), 'abc');
  });
});
