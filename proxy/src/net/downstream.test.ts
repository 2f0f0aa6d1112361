/** A connection over a stream whose peer reads when the test says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import {
  Downstream,
  type DownstreamServer,
  type DownstreamUser,
  REFUSED_HEAD_TIMEOUT,
} from './downstream.ts';
import { Scratch } from './scratch.ts';

class HandStream implements ByteStream {
  owner: ByteStreamOwner;
  isBlocked = false;
  isPaused = false;
  destroyed = false;
  readonly isReadStable = true;
  readonly remoteAddress = '';

  constructor(owner: ByteStreamOwner) {
    this.owner = owner;
  }

  says(text: string): void {
    const bytes = Buffer.from(`${' '.repeat(32)}${text}${' '.repeat(32)}`);
    this.owner.onBytes(bytes, 32, bytes.length - 32);
  }

  write(): boolean {
    return !this.isBlocked;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  destroy(): void {
    this.destroyed = true;
  }
  leaseReadBuffer(): void {}
  releaseReadBuffer(): void {}
  end(): void {}
  reset(): void {}
}

class User implements DownstreamUser {
  readonly request = new Head();
  onRequestHead(): void {}
  onRequestBody(): void {}
  onClientGone(): void {}
  onDownstreamFlushed(): void {}
  onDownstreamEnd(): void {}
}

function connect(onRefused: (refusal: number) => void = () => assert.fail('refused')) {
  const clock = new ManualClock();
  let wake = (): void => undefined;
  const wheel = new TimerWheel(clock, (_delayMs, job) => {
    wake = job;
  });
  const server: DownstreamServer = {
    scratch: new Scratch(),
    wheel,
    nowMs: () => clock.nowMs(),
    user: () => new User(),
    onRefused: (_connection, _user, refusal) => onRefused(refusal),
    onUnused: () => undefined,
    onDownstreamClosed: () => undefined,
  };
  const connection = new Downstream(server);
  const stream = new HandStream(connection);
  connection.stream = stream;
  const passMs = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advanceMs(10);
      wake();
    }
  };
  return { connection, stream, passMs };
}

const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

describe('a connection after its last answer', () => {
  test('stays while the client still reads it, and closes soon after', () => {
    const { connection, stream, passMs } = connect();
    stream.says(REQUEST);
    stream.isBlocked = true;
    connection.finish(false);
    passMs(5 * limits.lingerMs);
    assert(!stream.destroyed);
    stream.isBlocked = false;
    passMs(2 * limits.lingerMs);
    assert(stream.destroyed);
  });

  test('does not stay for a client that never reads it', () => {
    const { connection, stream, passMs } = connect();
    stream.says(REQUEST);
    stream.isBlocked = true;
    connection.finish(false);
    passMs(limits.downstreamIdleTimeoutMs + 2 * limits.lingerMs);
    assert(stream.destroyed);
  });
});

for (const end of ['\r\n', '\n']) {
  test(`an empty line of ${JSON.stringify(end)} begins no request, the head behind it does`, () => {
    const refusals: number[] = [];
    const { connection, stream, passMs } = connect((refusal) => refusals.push(refusal));
    stream.says(end);
    passMs(limits.headTimeoutMs + 1_000);
    assert(connection.isIdle);
    stream.says(`GET / HTTP/1.1${end}Host`);
    assert(!connection.isIdle);
    passMs(limits.headTimeoutMs - 1_000);
    assert.deepEqual(refusals, []);
    passMs(2_000);
    assert.deepEqual(refusals, [REFUSED_HEAD_TIMEOUT]);
  });
}

for (const end of ['\r\n', '\n']) {
  test(`a head of ${JSON.stringify(end)} gains no time by coming in pieces`, () => {
    const refusals: number[] = [];
    const { stream, passMs } = connect((refusal) => refusals.push(refusal));
    stream.says(`GET / HTTP/1.1${end}`);
    for (let passed = 0; passed < limits.headTimeoutMs; passed += 1_000) {
      assert.deepEqual(refusals, [], `after ${passed} ms`);
      stream.says('x');
      passMs(1_000);
    }
    assert.deepEqual(refusals, [REFUSED_HEAD_TIMEOUT]);
  });

  test(`a client that only sends an empty line of ${JSON.stringify(end)} is idle`, () => {
    const { stream, passMs } = connect();
    passMs(limits.downstreamIdleTimeoutMs - 5_000);
    stream.says(end);
    passMs(5_000 + 2 * limits.lingerMs);
    assert(stream.destroyed);
  });
}

test('pipelined requests beyond the bound are not read until their turn comes', async () => {
  const { connection, stream } = connect();
  const field = `x: ${'f'.repeat(1_000)}\r\n`;
  const request = REQUEST.replace('host', `${field}host`);
  const all = request.repeat(Math.ceil((1.5 * limits.pipelineBytesMax) / request.length));
  stream.says(REQUEST);
  stream.says(all);
  let answered = 0;
  for (let left = all.length; left >= limits.pipelineBytesMax; left -= request.length) {
    assert(stream.isPaused, `reads on after ${answered} answers`);
    connection.finish(true);
    await null; // The next turn is a microtask.
    answered++;
  }
  connection.finish(true);
  await null;
  assert(!stream.isPaused);
});
