/** Claims about the log's way out: at once where the kernel takes it, else in order. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import * as limits from '../limits.ts';
import { DirectSink } from './direct-sink.ts';

const PIECE_BYTES = 1024 * 1024;
const PIECES = 32;

/** Both ends of a connection over loopback. */
async function connectedPair(t: TestContext): Promise<{ near: Socket; far: Socket }> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const near = connect(port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  if (near.connecting) await once(near, 'connect');
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

test('what the kernel takes is written at once, and nothing is held', async (t) => {
  const { near, far } = await connectedPair(t);
  const sink = new DirectSink(near);
  assert.equal(sink.write(Buffer.from('a line\n'), assert.fail), true);
  assert.equal(sink.writableLength, 0);
  assert.equal(String((await once(far, 'data'))[0]), 'a line\n');
});

test('what it does not take is counted until it does, and comes in order', async (t) => {
  const { near, far } = await connectedPair(t);
  const sink = new DirectSink(near);
  let waiting = 0;
  for (let piece = 0; piece < PIECES; piece++) {
    if (!sink.write(Buffer.alloc(PIECE_BYTES, piece), () => waiting--)) waiting++;
  }
  assert(waiting > 0);
  assert.equal(sink.writableLength, waiting * PIECE_BYTES);
  const chunks: Buffer[] = [];
  let read = 0;
  while (read < PIECES * PIECE_BYTES) {
    const [chunk] = (await once(far, 'data')) as [Buffer];
    chunks.push(chunk);
    read += chunk.length;
  }
  const all = Buffer.concat(chunks);
  for (let piece = 0; piece < PIECES; piece++) {
    const part = all.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
    assert(part.equals(Buffer.alloc(PIECE_BYTES, piece)), `piece ${piece}`);
  }
  assert.deepEqual([waiting, sink.writableLength], [0, 0]);
});

test('an output that is no socket is written as a stream', async () => {
  const output = new PassThrough();
  const sink = new DirectSink(output);
  const done = new Promise<void>((resolve) => {
    assert.equal(sink.write(Buffer.from('a line\n'), resolve), false);
  });
  assert.equal(sink.writableLength, 7);
  assert.equal(String(output.read()), 'a line\n');
  await done;
  assert.equal(sink.writableLength, 0);
});

test('a reader that has gone makes it full, and ends nothing', async (t) => {
  const { near, far } = await connectedPair(t);
  const sink = new DirectSink(near);
  far.destroy();
  const lines = Buffer.from('a line\n');
  for (let tries = 0; tries < 100 && Number.isFinite(sink.writableLength); tries++) {
    sink.write(lines, () => undefined);
    await setTimeout(10);
  }
  assert.equal(sink.writableLength, Number.POSITIVE_INFINITY);
  assert.equal(sink.write(lines, assert.fail), true);
  // It is tried again, and finds the same.
  await setTimeout(limits.logReaderGoneMs + 50);
  assert.equal(sink.writableLength, 0);
});
