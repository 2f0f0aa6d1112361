/** Both ways of accepting, over real sockets: they must read the same. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { systemClock, TurnClock } from '../clock.ts';
import { BODY_NONE } from '../http1/body-framing.ts';
import { Head } from '../http1/head.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { BodyPiece } from './body-writer.ts';
import { Downstream, type DownstreamServer, type DownstreamUser } from './downstream.ts';
import { Listener } from './listener.ts';
import { ReadBuffers } from './read-buffer.ts';
import type { StreamWorld } from './socket-stream.ts';
import { Scratch } from './scratch.ts';

const BODY_BYTES = 300_000;

/** Answers with how many bytes of the body came, and their sum. */
class Counter implements DownstreamUser {
  readonly request = new Head();
  readonly #connection: Downstream;
  readonly #scratch: Scratch;
  #bytes = 0;
  #sum = 0;

  constructor(connection: Downstream, scratch: Scratch) {
    this.#connection = connection;
    this.#scratch = scratch;
  }

  onRequestHead(kind: number, isDone: boolean): void {
    this.#count(this.request.slab, this.request.length, this.request.filled);
    if (isDone || kind === BODY_NONE) this.#answer();
    else this.#connection.resumeBody();
  }

  onRequestBody(piece: BodyPiece): void {
    this.#count(piece.bytes, piece.start, piece.end);
    if (piece.isLast) this.#answer();
  }

  onClientGone(): void {}
  onDownstreamFlushed(): void {}
  onDownstreamEnd(): void {}

  #count(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    for (let at = start; at < end; at++) this.#sum = (this.#sum + bytes[at]!) % 65_521;
  }

  #answer(): void {
    const body = `${this.#bytes} ${this.#sum}`;
    const text = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    this.#scratch.take(text.length).write(text, 'latin1');
    this.#connection.sendHead(text.length);
    this.#connection.finish(false);
  }
}

function streamWorld(): StreamWorld {
  return { buffers: new ReadBuffers(), clock: new TurnClock(systemClock) };
}

async function serve(mayTakeOver: boolean): Promise<{ listener: Listener; port: number }> {
  const scratch = new Scratch();
  const server: DownstreamServer = {
    scratch,
    wheel: new TimerWheel(systemClock, () => undefined),
    nowMs: () => systemClock.nowMs(),
    user: (connection) => new Counter(connection, scratch),
    onRefused: (connection) => connection.abort(),
    onUnused: () => undefined,
    onDownstreamClosed: (connection) => listener.forget(connection),
  };
  const accept = (): Downstream => new Downstream(server);
  const listener: Listener = new Listener(accept, streamWorld(), mayTakeOver);
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  return { listener, port };
}

async function post(port: number, body: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`);
  socket.write(body);
  await once(socket, 'close');
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a listener', () => {
  test('of both families takes connections of either', async () => {
    const listener = new Listener(() => null, streamWorld());
    const { port } = await listener.listen({ host: '::', port: 0 });
    for (const host of ['127.0.0.1', '::1']) {
      const [error] = await once(connect(port, host), 'error');
      assert.equal(error.code, 'ECONNRESET', 'it came, and was refused as it was told to');
    }
    listener.stopAccepting();
  });

  test('reads into the shared buffer on this Node: the internal it needs is there', async () => {
    const { listener } = await serve(true);
    listener.stopAccepting();
    assert.equal(listener.isFast, true);
  });

  test('reads every byte, the fast way and by events, and forgets closed connections', async () => {
    const body = Buffer.from(Array.from({ length: BODY_BYTES }, (_, at) => (at * 31) % 251));
    const sum = body.reduce((before, byte) => (before + byte) % 65_521, 0);
    for (const mayTakeOver of [true, false]) {
      const { listener, port } = await serve(mayTakeOver);
      try {
        assert.equal(await post(port, body), `${BODY_BYTES} ${sum}`);
        assert.equal(listener.isFast, mayTakeOver);
        while (listener.connections.size > 0) await nextTurn();
      } finally {
        listener.stopAccepting();
      }
    }
  });
});
