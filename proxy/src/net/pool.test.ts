/** A pool with streams that are opened and broken by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../clock.ts';
import { Head, METHOD } from '../http1/head.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import { EndpointPool, Lease, type LeaseHolder } from './pool.ts';
import { Scratch } from './scratch.ts';
import type { Upstream } from './upstream.ts';

class HandStream implements ByteStream {
  owner: ByteStreamOwner;
  readonly written: string[] = [];
  destroyed = false;
  isBlocked = false;
  readonly isReadStable = true;
  readonly remoteAddress = '';

  constructor(owner: ByteStreamOwner) {
    this.owner = owner;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes).toString());
    return true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  says(text: string): void {
    const bytes = Buffer.from(`${' '.repeat(32)}${text}${' '.repeat(32)}`);
    this.owner.onBytes(bytes, 32, bytes.length - 32);
  }

  pause(): void {}
  resume(): void {}
  leaseReadBuffer(): void {}
  releaseReadBuffer(): void {}
  end(): void {}
  reset(): void {}
}

class Holder implements LeaseHolder {
  readonly response = new Head();
  readonly requestMethod = METHOD.GET;
  readonly lease = new Lease(this);
  upstream: Upstream | null = null;
  readonly heard: string[] = [];

  onLeased(upstream: Upstream): void {
    this.upstream = upstream;
    this.heard.push('leased');
  }
  onLeaseFailed(code: string): void {
    this.heard.push(code);
  }
  onResponseHead(): void {
    this.heard.push(`head ${this.response.status}`);
  }
  onResponseBody(): void {
    this.heard.push('body');
  }
  onUpstreamFailed(code: string): void {
    this.heard.push(code);
  }
  onInterim(): void {}
  onUpstreamFlushed(): void {}
  onUpstreamEnd(): void {}
}

function newPool(settings: Partial<EndpointPool['settings']> = {}) {
  const clock = new ManualClock();
  const dialled: { stream: HandStream; upstream: Upstream }[] = [];
  let wake: (() => void) | null = null;
  const wheel = new TimerWheel(clock, (_delayMs, job) => {
    wake = job;
  });
  const pool = new EndpointPool(
    '127.0.0.1',
    80,
    {
      connectTimeoutMs: 1_000,
      idleTimeoutMs: 30_000,
      connectionsPerEndpointMax: 2,
      waitingPerEndpointMax: 3,
      ...settings,
    },
    {
      clock,
      wheel,
      scratch: new Scratch(),
      counts: { upstreamConnections: 0, connects: 0, connectFailures: 0 },
      dial: (_address, _port, upstream) => {
        const stream = new HandStream(upstream);
        dialled.push({ stream, upstream });
        return stream;
      },
    },
  );
  const passMs = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advanceMs(10);
      wake?.();
    }
  };
  return { pool, dialled, passMs };
}

/** One whole request over a leased connection. */
function exchangeOver(
  pool: EndpointPool,
  holder: Holder,
  stream: HandStream,
  answer: string,
): void {
  const upstream = holder.upstream!;
  upstream.sendHead(0, 0, true);
  stream.says(answer);
  pool.giveBack(upstream);
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

describe('a pool', () => {
  test('dials for each that waits, up to its connections, and serves in order', () => {
    const { pool, dialled } = newPool();
    const holders = [new Holder(), new Holder(), new Holder()];
    for (const holder of holders) assert.equal(pool.wait(holder.lease), true);
    assert.equal(dialled.length, 2);
    dialled[1]!.upstream.onConnected();
    assert.deepEqual(holders[0]!.heard, ['leased']);
    dialled[0]!.upstream.onConnected();
    assert.deepEqual(holders[1]!.heard, ['leased']);
    exchangeOver(pool, holders[0]!, dialled[1]!.stream, OK);
    assert.deepEqual(holders[2]!.heard, ['leased'], 'the returned connection serves who waits');
  });

  test('refuses to queue beyond its bound', () => {
    const { pool } = newPool();
    for (let i = 0; i < 3; i++) assert.equal(pool.wait(new Holder().lease), true);
    assert.equal(pool.wait(new Holder().lease), false);
  });

  test('who leaves the queue is not served, and makes room', () => {
    const { pool, dialled } = newPool();
    const first = new Holder();
    const second = new Holder();
    pool.wait(first.lease);
    pool.wait(second.lease);
    first.lease.cancel();
    assert.equal(pool.waiting, 1);
    dialled[0]!.upstream.onConnected();
    assert.deepEqual(first.heard, []);
    assert.deepEqual(second.heard, ['leased']);
  });

  test('a refused dial fails one that waits and tries for the others', () => {
    const { pool, dialled } = newPool({ connectionsPerEndpointMax: 1 });
    const first = new Holder();
    const second = new Holder();
    pool.wait(first.lease);
    pool.wait(second.lease);
    dialled[0]!.stream.owner.onClosed(true);
    assert.deepEqual(first.heard, ['RMR_CONNECT_REFUSED']);
    assert.deepEqual(second.heard, []);
    assert.equal(dialled.length, 2);
  });

  test('a dial that hangs fails by its time-out, and says so', () => {
    const { pool, dialled, passMs } = newPool();
    const holder = new Holder();
    pool.wait(holder.lease);
    passMs(990);
    assert.deepEqual(holder.heard, []);
    passMs(20);
    assert.deepEqual(holder.heard, ['RMR_CONNECT_TIMEOUT']);
    assert.equal(dialled[0]!.stream.destroyed, true);
  });

  test('reuses the newest idle connection and closes those idle for too long', () => {
    const { pool, dialled, passMs } = newPool();
    const holders = [new Holder(), new Holder()];
    for (const holder of holders) pool.wait(holder.lease);
    for (const dial of dialled) dial.upstream.onConnected();
    exchangeOver(pool, holders[0]!, dialled[0]!.stream, OK);
    passMs(20_000);
    exchangeOver(pool, holders[1]!, dialled[1]!.stream, OK);
    passMs(10_100);
    assert.equal(dialled[0]!.stream.destroyed, true);
    assert.equal(pool.tryLease(new Holder()), dialled[1]!.upstream);
  });

  for (const [why, answer] of [
    ['an answer nobody asked for follows', `${OK}${OK}`],
    ['the server closes', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'],
  ] as const) {
    test(`never reuses a connection when ${why}`, () => {
      const { pool, dialled } = newPool();
      const holder = new Holder();
      pool.wait(holder.lease);
      dialled[0]!.upstream.onConnected();
      exchangeOver(pool, holder, dialled[0]!.stream, answer);
      assert.equal(dialled[0]!.stream.destroyed, true);
      assert.equal(pool.tryLease(new Holder()), null);
    });
  }

  test('never reuses a connection whose answer overtook its request', () => {
    const { pool, dialled } = newPool({ connectionsPerEndpointMax: 1 });
    const holders = [new Holder(), new Holder()];
    for (const holder of holders) pool.wait(holder.lease);
    const { stream, upstream } = dialled[0]!;
    upstream.onConnected();
    stream.isBlocked = true; // Else its flush would be heard by who has not sent yet.
    exchangeOver(pool, holders[0]!, stream, OK);
    assert.equal(stream.destroyed, true);
    assert.deepEqual(holders[1]!.heard, []);
    assert.equal(dialled.length, 2);
  });

  test('bytes on an idle connection close it', () => {
    const { pool, dialled } = newPool();
    const holder = new Holder();
    pool.wait(holder.lease);
    dialled[0]!.upstream.onConnected();
    exchangeOver(pool, holder, dialled[0]!.stream, OK);
    dialled[0]!.stream.says(OK);
    assert.equal(dialled[0]!.stream.destroyed, true);
    assert.equal(pool.total, 0);
  });

  test('closing it still serves who waits, and keeps nothing for reuse', () => {
    const { pool, dialled } = newPool();
    const holder = new Holder();
    pool.wait(holder.lease);
    pool.close();
    dialled[0]!.upstream.onConnected();
    assert.deepEqual(holder.heard, ['leased']);
    exchangeOver(pool, holder, dialled[0]!.stream, OK);
    assert.equal(dialled[0]!.stream.destroyed, true);
  });
});
