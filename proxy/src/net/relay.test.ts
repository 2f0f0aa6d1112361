/** Bytes, ends and resets through a relay, with both sides and time moved by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import type { DialOwner } from './dialer.ts';
import { HandStream, HandTime } from './hand-fixture.ts';
import { Relay } from './relay.ts';
import { Scratch } from './scratch.ts';

class Scene {
  readonly time = new HandTime();
  readonly heard: string[] = [];
  readonly client = new HandStream({
    onBytes: () => undefined,
    onEnd: () => undefined,
    onFlushed: () => undefined,
    onClosed: () => undefined,
  });
  server!: HandStream;
  readonly relay = new Relay(
    {
      ...this.time,
      ...{ clock: this.time.clock, wheel: this.time.wheel, scratch: new Scratch() },
      dial: (_address, _port, owner) => {
        this.server = new HandStream(owner);
        return this.server;
      },
    },
    { address: '10.96.0.7', port: 3_306 },
    {
      onServerFirst: () => this.heard.push('server first'),
      onServerGone: () => this.heard.push('server gone'),
      onRelayClosed: () => this.heard.push('closed'),
    },
  );

  attached(first: string | null = null): this {
    const counts = {
      read: () => undefined,
      wrote: () => undefined,
      closed: (end: string) => this.heard.push(end),
    };
    this.relay.attach(this.client, counts, first === null ? null : Buffer.from(first));
    return this;
  }

  connected(): this {
    (this.server.owner as DialOwner).onConnected();
    return this;
  }
}

describe('a relay', () => {
  test('reads from its client only what its server can take', () => {
    const { client, server } = new Scene().attached().connected();
    server.isBlocked = true;
    client.says('much');
    assert.equal(client.isPaused, true);
    server.flushes();
    assert.equal(client.isPaused, false);
    client.isBlocked = true;
    server.says('more');
    assert.equal(server.isPaused, true);
    client.flushes();
    assert.equal(server.isPaused, false);
  });

  test('reads no more while what came first waits for the connection', () => {
    const scene = new Scene();
    scene.server.isBlocked = true;
    scene.attached('first').connected();
    assert.equal(scene.client.isPaused, true);
    scene.server.flushes();
    assert.equal(scene.client.isPaused, false);
    assert.equal(scene.server.written, 'first');
  });

  test('keeps either half open until its own side ends it', () => {
    const { client, server, heard } = new Scene().attached().connected();
    client.ends();
    assert.deepEqual(server.done, ['end']);
    server.says('the answer');
    assert.equal(client.written, 'the answer');
    server.ends();
    assert.deepEqual(client.done, ['end']);
    server.closes();
    assert.deepEqual(client.done, ['end'], 'it still writes what it has');
    client.closes();
    assert.deepEqual(heard, ['closed', 'closed']);
  });

  for (const from of ['client', 'server'] as const) {
    test(`passes a reset of its ${from} on as one`, () => {
      const scene = new Scene().attached().connected();
      const other = from === 'client' ? scene.server : scene.client;
      scene[from].closes(true);
      assert.deepEqual(other.done, ['reset']);
      other.closes();
      assert.deepEqual(scene.heard, ['reset', 'closed']);
    });
  }

  test('resets its client where its server refuses, or does not accept in time', () => {
    const refused = new Scene().attached();
    refused.server.closes(true);
    assert.deepEqual(refused.client.done, ['reset']);
    refused.client.closes();
    assert.deepEqual(refused.heard, ['refused', 'closed']);
    const late = new Scene().attached();
    late.time.advanceMs(limits.relayConnectTimeoutMs + 1);
    assert.deepEqual(late.server.done, ['destroy']);
    late.server.closes();
    assert.deepEqual(late.client.done, ['reset']);
  });

  test('ends when nothing has moved either way for long, and not before', () => {
    const { time, client, server } = new Scene().attached().connected();
    time.advanceMs(limits.relayIdleMs - 10);
    server.says('still here');
    time.advanceMs(limits.relayIdleMs - 10);
    assert.deepEqual([client.done, server.done], [[], []]);
    time.advanceMs(100);
    assert.deepEqual([client.done, server.done], [['reset'], ['reset']]);
  });

  test('is not quiet for a drain, which a long query may be, until the proxy ends', () => {
    const { time, relay, client, server } = new Scene().attached().connected();
    time.advanceMs(10_000);
    relay.closeIfIdle(1_000, false);
    assert.deepEqual(client.done, []);
    server.says('a row');
    relay.closeIfIdle(250, true);
    assert.deepEqual(client.done, []);
    time.advanceMs(250);
    relay.closeIfIdle(250, true);
    assert.deepEqual([client.done, server.done], [['reset'], ['reset']]);
  });

  test('holds a buffer of its own only while it moves much', () => {
    const { client, server } = new Scene().attached().connected();
    client.says('a');
    assert.equal(client.isLeased, false);
    client.says('b'.repeat(limits.relayCopyBytesMax + 1));
    assert.equal(client.isLeased, true);
    client.says('c');
    assert.equal(client.isLeased, false);
    assert.equal(server.written, `a${'b'.repeat(limits.relayCopyBytesMax + 1)}c`);
  });
});
