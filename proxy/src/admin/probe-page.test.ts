/** Claims about probes of the application: what is dialled, what is not, and what is said of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlWorld } from '../control/control-fixture.ts';
import * as limits from '../limits.ts';
import { headOf } from '../routing/head-fixture.ts';
import { adminWorld, urlOf } from './admin-fixture.ts';
import { probeGrpc } from './grpc-probe.ts';
import type { PageAnswer } from './page-answer.ts';
import { Probes } from './probe-page.ts';
import { AdminServer, METRICS_PAGES } from './server.ts';

const HOST = '127.0.0.1';

interface Said {
  readonly status: number;
  readonly text: string;
}

/** Of the health service: what an application answers to the name of a service. */
type Health = (name: string, stream: ServerHttp2Stream) => void;

describe('a probe', () => {
  const closing: (() => void)[] = [];
  const ports = new Set<number>();
  let accepting: number;
  let silent: number;
  let refusing: number;
  let health: number;
  let answerHealth: Health = () => undefined;
  let pages = '';

  before(async () => {
    accepting = await listen(createServer((socket) => socket.resume()));
    silent = await listen(createServer((socket) => socket.resume()));
    const closed = createServer();
    refusing = await listen(closed);
    closed.close();
    const server = createHttp2Server();
    server.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => undefined);
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => void parts.push(part));
      stream.on('end', () => {
        // A frame's prefix, the field's tag, its length below 128.
        answerHealth(Buffer.concat(parts).subarray(7).toString(), stream);
      });
    });
    health = await listen(server as unknown as Server);
    const world = adminWorld(new ControlWorld(), { probes: new Probes({ ports, host: null }) });
    const admin = new AdminServer(METRICS_PAGES, world);
    pages = (await urlOf(admin, '::')).replace('[::]', HOST);
    closing.push(() => void admin.close());
  });

  after(() => {
    for (const close of closing) close();
  });

  /** A port that may be probed. */
  async function listen(server: Server): Promise<number> {
    const sockets = new Set<{ destroy(): unknown }>();
    server.on('connection', (socket) => sockets.add(socket));
    server.listen(0, HOST);
    await once(server, 'listening');
    closing.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    const { port } = server.address() as AddressInfo;
    ports.add(port);
    return port;
  }

  async function probe(path: string): Promise<Said> {
    const response = await fetch(`${pages}/probe/${path}`);
    return { status: response.status, text: await response.text() };
  }

  function answerWith(message: Buffer, status = '0'): Health {
    return (_name, stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      const prefix = Buffer.of(0, 0, 0, 0, message.length);
      stream.end(message.length === 0 ? prefix : Buffer.concat([prefix, message]));
    };
  }

  test('by TCP finds who accepts, at the address that the probe itself came to', async () => {
    assert.deepEqual(await probe(`tcp/${accepting}`), { status: 200, text: 'ok\n' });
    const { status, text } = await probe(`tcp/${refusing}`);
    assert.equal(status, 503);
    // The listener is of both families, and IPv4 callers are dialled by IPv4.
    assert.match(text, new RegExp(`^127\\.0\\.0\\.1 port ${refusing}: .*ECONNREFUSED`));
  });

  test('dials no port that was not named, and no text that is not a port', async () => {
    const other = createServer(() => assert.fail('dialled'));
    other.listen(0, HOST);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const name of [port, `${accepting}/`, `0${accepting}x`, '', '../live']) {
      assert.equal((await probe(`tcp/${name}`)).status, 404, String(name));
    }
    other.close();
  });

  test('takes a time-out within bounds', async () => {
    for (const given of ['0', '60001', 'x', '-1']) {
      assert.equal((await probe(`tcp/${accepting}?timeoutMs=${given}`)).status, 400, given);
    }
  });

  test('by gRPC is well when the service of that name says SERVING', async () => {
    const names: string[] = [];
    const serving = answerWith(Buffer.of(0x08, 1));
    answerHealth = (name, stream) => {
      names.push(name);
      serving(name, stream);
    };
    const said = await probe(`grpc/${health}?service=shop.Orders`);
    assert.deepEqual([said, names], [{ status: 200, text: 'ok\n' }, ['shop.Orders']]);
    assert.equal((await probe(`grpc/${health}`)).status, 200);
    assert.equal(names[1], '');
  });

  for (const [what, answer, words] of [
    ['says NOT_SERVING', answerWith(Buffer.of(0x08, 2)), /it says NOT_SERVING/],
    ['says nothing', answerWith(Buffer.alloc(0)), /it says UNKNOWN/],
    ['says what is no status', answerWith(Buffer.of(0x08, 9)), /no HealthCheckResponse/],
    ['does not know the name', answerWith(Buffer.alloc(0), '5'), /it knows no such service/],
    ['has no health service', answerWith(Buffer.alloc(0), '12'), /no service grpc\.health/],
    ['fails', answerWith(Buffer.of(0x08, 1), '13'), /grpc-status 13/],
    [
      'answers without end',
      ((_name, stream) => {
        stream.respond({ ':status': 200 });
        stream.write(Buffer.alloc(limits.probeAnswerBytesMax + 1));
      }) satisfies Health,
      /too long/,
    ],
    [
      'answers another status',
      ((_name, stream) => {
        stream.respond({ ':status': 404 });
        stream.end();
      }) satisfies Health,
      /HTTP 404/,
    ],
  ] as const) {
    test(`by gRPC is not well when the application ${what}, and says so`, async () => {
      answerHealth = answer;
      const said = await probe(`grpc/${health}?service=a`);
      assert.equal(said.status, 503);
      assert.match(said.text, words);
    });
  }

  test('by gRPC of a port that is silent, or refuses, ends in time with the reason', async () => {
    const late = await probe(`grpc/${silent}?timeoutMs=50`);
    assert.deepEqual(late, { status: 503, text: `${HOST} port ${silent}: no answer in 50 ms\n` });
    assert.match((await probe(`grpc/${refusing}`)).text, /ECONNREFUSED/);
  });

  test('of a host that is none is not well, and gives its place back', async () => {
    const targets = { ports: new Set([1]), host: 'no host' };
    const world = adminWorld(new ControlWorld(), { probes: new Probes(targets) });
    const admin = new AdminServer(METRICS_PAGES, world);
    closing.push(() => void admin.close());
    const url = await urlOf(admin);
    for (let tries = 0; tries <= limits.probesMax; tries++) {
      const response = await fetch(`${url}/probe/grpc/1`);
      assert.equal(response.status, 503);
      assert.match(await response.text(), /^no host port 1: .*Invalid URL/);
    }
  });

  test('that throws gives its place back', async () => {
    const probes = new Probes({ ports: new Set([1]), host: HOST });
    const said: number[] = [];
    const answer = {
      ...{ localAddress: HOST, waitFor: () => undefined },
      text: (status: number) => said.push(status),
    } as unknown as PageAnswer;
    const broken = () => Promise.reject(new Error('broken'));
    for (let tries = 0; tries < limits.probesMax; tries++) {
      await assert.rejects(probes.answer(broken, '1', answer, headOf('/probe/tcp/1')), /broken/);
    }
    await probes.answer(() => Promise.resolve(null), '1', answer, headOf('/probe/tcp/1'));
    assert.deepEqual(said, [200]);
  });

  test('by gRPC whose prober left before it began dials nobody', async () => {
    const target = { host: HOST, port: silent, service: '' };
    assert.equal(await probeGrpc(target, AbortSignal.abort()), 'given up');
  });

  test('is not begun while too many are under way, of probers who have not left', async () => {
    const sockets = Array.from({ length: limits.probesMax }, () => {
      const socket = connect(Number(new URL(pages).port), HOST);
      const request = `GET /probe/grpc/${silent}?timeoutMs=30000 HTTP/1.1\r\nhost: a\r\n\r\n`;
      socket.on('error', () => undefined).write(request);
      return socket;
    });
    const until = async (status: number): Promise<void> => {
      for (let tries = 0; (await probe(`tcp/${accepting}`)).status !== status; tries++) {
        assert(tries < 500, `no ${status} in time`);
        await sleep(10);
      }
    };
    await until(503);
    for (const socket of sockets) socket.destroy();
    await until(200);
  });
});
