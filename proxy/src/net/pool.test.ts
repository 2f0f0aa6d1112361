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
  readonly requestMethod: number;
  readonly lease = new Lease(this);
  upstream: Upstream | null = null;
  readonly heard: string[] = [];

  constructor(requestMethod: number = METHOD.GET) {
    this.requestMethod = requestMethod;
  }

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
  return { pool, dialled, passMs, clock };
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
    const { pool, dialled, passMs, clock } = newPool();
    const holders = [new Holder(), new Holder()];
    for (const holder of holders) pool.wait(holder.lease);
    for (const dial of dialled) dial.upstream.onConnected();
    exchangeOver(pool, holders[0]!, dialled[0]!.stream, OK);
    passMs(2_000);
    exchangeOver(pool, holders[1]!, dialled[1]!.stream, OK);
    passMs(1_100);
    assert.equal(dialled[0]!.stream.destroyed, true);
    assert.equal(pool.tryLease(new Holder(), clock.nowMs()), dialled[1]!.upstream);
  });

  for (const [why, answer] of [
    ['an answer nobody asked for follows', `${OK}${OK}`],
    ['the server closes', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'],
  ] as const) {
    test(`never reuses a connection when ${why}`, () => {
      const { pool, dialled, clock } = newPool();
      const holder = new Holder();
      pool.wait(holder.lease);
      dialled[0]!.upstream.onConnected();
      exchangeOver(pool, holder, dialled[0]!.stream, answer);
      assert.equal(dialled[0]!.stream.destroyed, true);
      assert.equal(pool.tryLease(new Holder(), clock.nowMs()), null);
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

  /** Leases or dials, and has one answer over it. Whether the connection was a reused one. */
  function askOnce({ pool, dialled, clock }: ReturnType<typeof newPool>, method: number): boolean {
    const holder = new Holder(method);
    const before = dialled.length;
    holder.upstream = pool.tryLease(holder, clock.nowMs());
    if (holder.upstream === null) {
      pool.wait(holder.lease);
      dialled.at(-1)!.upstream.onConnected();
    }
    const used = dialled.find((dial) => dial.upstream === holder.upstream)!;
    exchangeOver(pool, holder, used.stream, OK);
    return dialled.length === before;
  }

  test('learns when the server closes idle connections, and lets them go before', () => {
    const world = newPool();
    for (let close = 0; close < 2; close++) {
      askOnce(world, METHOD.GET);
      world.passMs(100);
      world.dialled.at(-1)!.stream.owner.onEnd();
      world.passMs(100);
    }
    askOnce(world, METHOD.GET);
    world.passMs(70);
    assert.equal(askOnce(world, METHOD.GET), true);
    world.clock.advanceMs(80); // The sweep has not come yet.
    assert.equal(askOnce(world, METHOD.POST), false);
    world.passMs(100);
    assert.equal(world.pool.idle, 0);
  });

  test('a reused connection that dies takes POSTs off reuse, and allows resends', () => {
    const world = newPool();
    const { pool, dialled, clock } = world;
    askOnce(world, METHOD.POST);
    assert.equal(askOnce(world, METHOD.POST), true);
    world.passMs(100);
    const holder = new Holder();
    holder.upstream = pool.tryLease(holder, clock.nowMs());
    holder.upstream!.sendHead(0, 0, true);
    assert.equal(pool.takesResend(), false);
    dialled[0]!.stream.owner.onClosed(true);
    assert.equal(pool.takesResend(), true);
    assert.equal(pool.takesResend(), false);
    askOnce(world, METHOD.GET);
    assert.equal(askOnce(world, METHOD.POST), false);
    assert.equal(askOnce(world, METHOD.GET), true);
  });

  test('an end after the first byte of an answer, or before any use, teaches nothing', () => {
    const world = newPool();
    for (let end = 0; end < 4; end++) {
      askOnce(world, METHOD.GET);
      const holder = new Holder();
      holder.upstream = world.pool.tryLease(holder, world.clock.nowMs());
      holder.upstream!.sendHead(0, 0, true);
      world.dialled.at(-1)!.stream.says('HTTP/1.1 ');
      world.dialled.at(-1)!.stream.owner.onClosed(true);
      world.pool.wait(new Holder().lease);
      const waiting = world.dialled.at(-1)!;
      waiting.stream.owner.onClosed(true);
    }
    assert.equal(world.pool.takesResend(), false);
    askOnce(world, METHOD.GET);
    world.passMs(2_900);
    assert.equal(askOnce(world, METHOD.POST), true);
  });

  test('closes an idle one that is too old for who waits, rather than let it wait', () => {
    const world = newPool({ connectionsPerEndpointMax: 1 });
    askOnce(world, METHOD.GET);
    world.clock.advanceMs(3_000);
    assert.equal(askOnce(world, METHOD.GET), false);
    assert.equal(world.dialled[0]!.stream.destroyed, true);
    assert.equal(world.pool.total, 1);
  });

  test('honours Keep-Alive, up to what is configured', () => {
    const world = newPool({ idleTimeoutMs: 10_000 });
    const announced = OK.replace('\r\n', '\r\nKeep-Alive: timeout=60\r\n');
    const holder = new Holder();
    world.pool.wait(holder.lease);
    world.dialled[0]!.upstream.onConnected();
    exchangeOver(world.pool, holder, world.dialled[0]!.stream, announced);
    world.passMs(9_900);
    assert.equal(askOnce(world, METHOD.POST), true);
    world.passMs(10_100);
    assert.equal(world.pool.idle, 0);
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
