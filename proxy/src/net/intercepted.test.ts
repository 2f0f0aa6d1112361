/** Connections that were turned aside, with both sides and time moved by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PortProtocol } from '@remora/api/wire.ts';
import { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Downstream, DownstreamServer, DownstreamUser } from './downstream.ts';
import { HandStream, HandTime } from './hand-fixture.ts';
import { type GateRefusal, Intercepted, type Verdict } from './intercepted.ts';
import type { Served } from './listener.ts';
import { Scratch } from './scratch.ts';
import { ServerFirst } from './server-first.ts';
import type { DialOwner } from './dialer.ts';

const TARGET = { address: '10.96.0.7', port: 3_306 };
const SOCKET = { local: { address: '127.0.0.1', port: 15_401 }, original: TARGET, remote: TARGET };
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const REQUEST = 'GET /a HTTP/1.1\r\nhost: liar\r\n\r\n';

class User implements DownstreamUser {
  readonly request = new Head();
  readonly #heard: string[];
  readonly #connection: Downstream;
  constructor(heard: string[], connection: Downstream) {
    this.#heard = heard;
    this.#connection = connection;
  }
  onRequestHead(): void {
    const { request } = this;
    const { destinationKey } = this.#connection;
    this.#heard.push(`${destinationKey} ${request.text(request.pathStart, request.pathEnd)}`);
  }
  onRequestBody(): void {}
  onClientGone(): void {}
  onDownstreamFlushed(): void {}
  onDownstreamEnd(): void {}
}

class Scene {
  readonly time = new HandTime();
  readonly serverFirst = new ServerFirst(this.time.clock);
  /** Heads that were served, and what was counted. */
  readonly heard: string[] = [];
  readonly servers: HandStream[] = [];
  readonly connections = new Set<Served>();
  client!: HandStream;
  tell!: (verdict: Verdict | GateRefusal) => void;
  read = 0;
  wrote = 0;

  /** A connection is accepted; `tell` says who it is for. */
  accept(): this {
    const scratch = new Scratch();
    const { wheel, clock } = this.time;
    const connection = new Intercepted(
      {
        ...{ wheel, clock, scratch, serverFirst: this.serverFirst },
        gate: { direct: (_, tell) => (this.tell = tell) },
        connections: {
          forget: (one) => this.connections.delete(one),
          replace: (before, after) => {
            this.connections.delete(before);
            this.connections.add(after);
          },
        },
        dial: (_address, _port, owner) => {
          const server = new HandStream(owner);
          server.isBlocked = true; // Not connected yet.
          this.servers.push(server);
          return server;
        },
        defer: (work) => work(),
        counts: (dst, reason) => {
          this.heard.push(`${dst} ${reason}`);
          return {
            read: (bytes) => (this.read += bytes),
            wrote: (bytes) => (this.wrote += bytes),
            closed: (end) => this.heard.push(end),
          };
        },
        onRefused: (why) => this.heard.push(why),
      },
      SOCKET,
    );
    this.client = new HandStream(connection);
    connection.stream = this.client;
    this.connections.add(connection);
    connection.begin();
    return this;
  }

  is(protocol: PortProtocol, parts: Partial<Verdict> = {}): this {
    const server: DownstreamServer = {
      ...{ scratch: new Scratch(), wheel: this.time.wheel, nowMs: () => this.time.clock.nowMs() },
      user: (connection) => new User(this.heard, connection),
      onRefused: (_connection, _user, refusal) => this.heard.push(`refused ${refusal}`),
      onUnused: () => undefined,
      onDownstreamClosed: () => undefined,
    };
    const verdict = { protocol, dst: 'db.shop:3306', key: '10.96.0.7:3306', target: TARGET };
    this.tell({ ...verdict, server: () => server, ...parts });
    return this;
  }

  get server(): HandStream {
    return this.servers.at(-1)!;
  }

  connects(): void {
    (this.server.owner as DialOwner).onConnected();
    this.server.flushes();
  }
}

describe('an intercepted connection', () => {
  test('is not read before it is known whose it is', () => {
    const scene = new Scene().accept();
    assert.equal(scene.client.isPaused, true);
    scene.is('http');
    assert.equal(scene.client.isPaused, false);
  });

  for (const why of ['not_redirected', 'loop'] as const) {
    test(`is reset and counted where the gate says ${why}`, () => {
      const scene = new Scene().accept();
      scene.tell(why);
      assert.deepEqual(scene.client.done, ['reset']);
      assert.deepEqual(scene.heard, [why]);
    });
  }

  test('that has gone meanwhile is forgotten, and the verdict comes too late', () => {
    const scene = new Scene().accept();
    scene.client.closes();
    scene.is('opaque');
    assert.equal(scene.connections.size + scene.servers.length, 0);
  });

  test('is served as HTTP at once where that is known, for its address and not its Host', () => {
    const scene = new Scene().accept().is('http');
    scene.client.says(REQUEST);
    assert.deepEqual(scene.heard, ['10.96.0.7:3306 /a']);
    assert.equal(scene.servers.length, 0);
    assert.equal(scene.connections.size, 1);
  });

  test('to an HTTP port is refused by the parser where it is none: no bytes are passed on', () => {
    const scene = new Scene().accept().is('http');
    scene.client.says('EHLO a\r\n\r\n');
    assert.match(scene.heard.join(), /^refused -\d+$/);
    assert.equal(scene.servers.length, 0);
  });

  test('that begins HTTP/2 is passed on, though the port is known to be HTTP', () => {
    const scene = new Scene().accept().is('http');
    for (const byte of PREFACE) scene.client.says(byte);
    scene.connects();
    assert.equal(scene.server.written, PREFACE);
    assert.deepEqual(scene.heard, ['db.shop:3306 http2']);
  });

  test('has all its bytes taken for requests where there is nowhere to pass them to', () => {
    const scene = new Scene().accept().is('http', { target: null, key: 'loop' });
    scene.client.says(PREFACE);
    assert.match(scene.heard.join(), /^refused -\d+$/);
    assert.equal(scene.servers.length, 0);
  });

  test('is passed on at once where its port is opaque', () => {
    const scene = new Scene().accept().is('opaque');
    assert.equal(scene.servers.length, 1);
    assert.equal(scene.client.isPaused, true);
    scene.connects();
    assert.equal(scene.client.isPaused, false);
    scene.client.says(REQUEST);
    scene.server.says('an answer');
    assert.equal(scene.server.written, REQUEST);
    assert.equal(scene.client.written, 'an answer');
    assert.deepEqual([scene.read, scene.wrote], [REQUEST.length, 9]);
  });
});

/** Its client said nothing at once, and its server has been dialled. */
function dialled(): Scene {
  const scene = new Scene().accept().is('detect');
  scene.time.advanceMs(limits.sniffDialMs);
  scene.connects();
  return scene;
}

describe('a connection of which nobody said what it speaks', () => {
  test('is HTTP by its request line, and its server sees no connection of that', () => {
    const scene = new Scene().accept().is('detect');
    scene.time.advanceMs(limits.sniffDialMs - 1);
    scene.client.says(REQUEST);
    scene.time.advanceMs(1_000);
    assert.deepEqual(scene.heard, ['10.96.0.7:3306 /a']);
    assert.equal(scene.servers.length, 0);
  });

  test('lets its server speak first, and the next one is passed on without a wait', () => {
    const scene = dialled();
    scene.server.says('220 hello\r\n');
    assert.equal(scene.client.written, '220 hello\r\n');
    assert.deepEqual(scene.heard, ['db.shop:3306 server_first']);
    scene.accept().is('detect');
    assert.equal(scene.servers.length, 2);
    assert.deepEqual(scene.heard.slice(1), ['db.shop:3306 server_first']);
  });

  test('that was never used is HTTP when its first request comes, after minutes', () => {
    const scene = dialled();
    scene.time.advanceMs(600_000);
    assert.deepEqual(scene.heard, []);
    scene.client.says(REQUEST);
    assert.deepEqual(scene.heard, ['10.96.0.7:3306 /a']);
    assert.deepEqual(scene.server.done, ['destroy']);
    assert.equal(scene.connections.size, 1);
  });

  test('whose server speaks late is passed on, and so is one whose client does', () => {
    for (const [who, reason] of [
      ['server', 'server_first'],
      ['client', 'other'],
    ] as const) {
      const scene = dialled();
      scene.time.advanceMs(10 * limits.sniffSilenceMs);
      scene[who].says('220 hello\r\n');
      assert.deepEqual(scene.heard, [`db.shop:3306 ${reason}`]);
      assert.equal(scene[who === 'server' ? 'client' : 'server'].written, '220 hello\r\n');
      assert.equal(scene.servers.length, 1);
    }
  });

  test('in a silence of both hears how its server ends, and may go on', () => {
    const quiet = () => {
      const scene = dialled();
      scene.time.advanceMs(limits.sniffSilenceMs);
      return scene;
    };
    const ended = quiet();
    ended.server.ends();
    assert.deepEqual(ended.client.done, ['end']);
    ended.client.says(REQUEST);
    assert.equal(ended.server.written, REQUEST);
    const broken = quiet();
    broken.server.closes(true);
    assert.deepEqual(broken.client.done, ['reset']);
    assert.deepEqual(broken.heard, ['db.shop:3306 silent']);
  });

  test('of which nobody ever says a word is closed like any that is idle', () => {
    const scene = dialled();
    scene.time.advanceMs(limits.relayIdleMs - 1_000);
    assert.deepEqual(scene.server.done, []);
    scene.time.advanceMs(2_000);
    assert.deepEqual(scene.server.done, ['reset']);
    scene.server.closes(true);
    scene.client.closes(true);
    assert.deepEqual(scene.client.done, ['reset']);
    assert.deepEqual(scene.heard, ['db.shop:3306 silent', 'idle']);
    assert.equal(scene.connections.size, 0);
  });

  test('that says nothing is idle: a drain closes it, and so does a full listener', () => {
    const scene = dialled();
    scene.time.advanceMs(limits.sniffSilenceMs);
    const [connection] = scene.connections;
    assert.equal(connection!.isIdle, true);
    connection!.closeIfIdle(limits.sniffSilenceMs, false);
    assert.deepEqual(scene.client.done, ['destroy']);
    scene.client.closes();
    assert.deepEqual(scene.server.done, ['destroy']);
  });

  test('may take its time between two parts of a request line, but no longer', () => {
    const scene = new Scene().accept().is('detect');
    for (const part of ['GET /', 'a HTTP/1', '.1\r\nhost: liar\r\n\r\n']) {
      scene.client.says(part);
      scene.time.advanceMs(limits.sniffSilenceMs - 1);
    }
    assert.deepEqual(scene.heard, ['10.96.0.7:3306 /a']);
    const slow = new Scene().accept().is('detect');
    slow.client.says('GET /');
    slow.time.advanceMs(limits.sniffSilenceMs + 1);
    assert.deepEqual(slow.heard, ['db.shop:3306 silent']);
    assert.equal(slow.server.written, 'GET /');
  });

  test('gets its answer as HTTP though its server refuses, and a reset as bytes', () => {
    const http = new Scene().accept().is('detect');
    http.time.advanceMs(limits.sniffDialMs);
    http.server.closes(true);
    http.client.says(REQUEST);
    assert.deepEqual(http.heard, ['10.96.0.7:3306 /a']);
    const silent = new Scene().accept().is('detect');
    silent.time.advanceMs(limits.sniffDialMs);
    silent.server.closes(true);
    silent.time.advanceMs(limits.sniffSilenceMs);
    assert.equal(silent.servers.length, 2);
    silent.server.closes(true);
    assert.deepEqual(silent.client.done, ['reset']);
    silent.client.closes();
    assert.deepEqual(silent.heard, ['db.shop:3306 silent', 'refused']);
  });

  test('keeps its end: a client that only listens is heard out', () => {
    const scene = new Scene().accept().is('detect');
    scene.client.ends();
    scene.connects();
    assert.deepEqual(scene.server.done, ['end']);
    scene.server.says('daytime');
    assert.equal(scene.client.written, 'daytime');
  });

  test('is passed on where there is nobody to serve requests', () => {
    const scene = new Scene().accept().is('detect', { server: () => null });
    scene.client.says(REQUEST);
    assert.deepEqual(scene.heard, ['db.shop:3306 other']);
    assert.equal(scene.server.written, REQUEST);
  });

  test('lets go of the server that it dialled when it was HTTP after all', () => {
    const scene = new Scene().accept().is('detect');
    scene.time.advanceMs(limits.sniffDialMs);
    scene.client.says(REQUEST);
    assert.deepEqual(scene.server.done, ['destroy']);
    scene.server.says('too late');
    assert.equal(scene.client.written, '');
  });

  const spoken = fc.constantFrom(
    REQUEST,
    PREFACE,
    '\x16\x03\x01\x02\x00\x01',
    'get key\r\n',
    'GE\n',
  );

  test('property: where the network cuts its first bytes changes nothing', () => {
    fc.assert(
      fc.property(spoken, fc.array(fc.nat(40), { maxLength: 6 }), (text, cuts) => {
        const whole = new Scene().accept().is('detect');
        whole.client.says(text);
        const cut = new Scene().accept().is('detect');
        const at = [0, ...cuts.map((one) => one % text.length), text.length].sort((a, b) => a - b);
        for (const [index, to] of at.slice(1).entries()) {
          if (to > at[index]!) cut.client.says(text.slice(at[index], to));
        }
        // A relay reads on only once it is connected.
        assert.deepEqual(cut.heard, whole.heard);
        assert.equal(cut.server?.written, whole.server?.written);
      }),
    );
  });
});
