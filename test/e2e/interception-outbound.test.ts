/**
 * Connections of an application that the kernel turns aside to the proxy, in a network namespace
 * with real iptables: each goes where it was going, by its address and by nothing that it says.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { PROXY_UID } from '@remora/api/mesh-names.ts';
import { ControlStub } from '../support/control-stub.ts';
import { fieldValue } from '../support/message-reader.ts';
import { enterNamespace, run, whyNoNamespace } from '../support/own-network.ts';
import { type Program, startInterceptingProxy } from '../support/processes.ts';
import { connectRaw } from '../support/raw-client.ts';
import { destination } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

const skip = whyNoNamespace() ?? false;
const PROXY_PORT = 15_401;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** As many as a slow reader's kernel does not hold. */
const MUCH = 24 * 1024 * 1024;

/** Of Services, of pods, and of what is neither: all are on this machine. */
const NETWORK = `
  ip addr add 10.96.0.7/32 dev lo
  ip addr add 10.96.0.8/32 dev lo
  ip addr add 10.96.0.9/32 dev lo
  ip addr add 10.96.0.10/32 dev lo
  ip addr add 192.0.2.1/32 dev lo
  ip addr add 10.244.0.1/32 dev lo
  ip addr add fd00:96::7/128 dev lo nodad
  ip addr add fd00:96::8/128 dev lo nodad
  iptables -t nat -A OUTPUT -p tcp -m owner --uid-owner ${PROXY_UID} -j RETURN
  iptables -t nat -A OUTPUT -p tcp -d 10.96.0.0/16 -j REDIRECT --to-ports ${PROXY_PORT}
  iptables -t nat -A OUTPUT -p tcp -d 192.0.2.0/24 -j REDIRECT --to-ports ${PROXY_PORT}
  ip6tables -t nat -A OUTPUT -p tcp -m owner --uid-owner ${PROXY_UID} -j RETURN
  ip6tables -t nat -A OUTPUT -p tcp -d fd00:96::/64 -j REDIRECT --to-ports ${PROXY_PORT}
`;

/** Where each request and each byte arrives, by the address that it arrives at. */
class Servers {
  readonly #servers: Server[] = [];
  readonly hits = new Map<string, number>();
  /** Addresses of connections, one each. */
  readonly connections: string[] = [];

  async listen(port: number, host: string, serve: (socket: Socket, at: string) => void) {
    const at = `${host}:${port}`;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.connections.push(at);
      socket.on('error', () => undefined);
      serve(socket, at);
    });
    server.listen(port, host);
    await once(server, 'listening');
    this.#servers.push(server);
  }

  /** Answers each request with the address that it came to. */
  readonly http = (socket: Socket, at: string): void => {
    socket.on('data', (data) => {
      for (const _ of String(data).matchAll(/\r\n\r\n/g)) {
        this.hits.set(at, (this.hits.get(at) ?? 0) + 1);
        const body = `${at} ${/^host: (.*)\r$/im.exec(String(data))?.[1] ?? ''}`;
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      }
    });
    socket.on('end', () => socket.end());
  };

  close(): void {
    for (const server of this.#servers) server.close();
  }
}

/** Says what came in reverse order of events: after the client's end, and then ends. */
function echoAtEnd(socket: Socket): void {
  const parts: Buffer[] = [];
  socket.on('data', (data) => parts.push(data as Buffer));
  socket.on('end', () => socket.end(Buffer.concat(parts)));
}

/** All that a server says to these bytes, with our side ended. */
async function exchange(host: string, port: number, bytes: string | Buffer): Promise<Buffer> {
  const socket = connect({ host, port, allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on('data', (data) => parts.push(data as Buffer));
  socket.end(bytes);
  await within(once(socket, 'end'), 20_000, () => `${host}:${port} to end`);
  return Buffer.concat(parts);
}

describe('a connection of the application', { skip }, () => {
  const servers = new Servers();
  const control = new ControlStub();
  let proxy: Program;
  let admin = '';

  const metrics = async (): Promise<string> => await (await fetch(`${admin}/metrics`)).text();
  const counted = async (line: string): Promise<void> => {
    await until(async () => (await metrics()).includes(`${line} `), line);
  };

  before(async () => {
    enterNamespace();
    run(NETWORK);
    await control.listen();
    const weights = [
      { backend: 'catalog-v1.shop:80', weight: 3 },
      { backend: 'catalog-v2.shop:80', weight: 1 },
    ];
    const catalog = destination({
      name: 'catalog',
      backends: { 'catalog-v1': ['10.244.0.1:8081'], 'catalog-v2': ['10.244.0.1:8082'] },
      rules: [{ to: weights }],
    });
    control.put(catalog, '10.96.0.7:80');
    control.put(catalog, '[fd00:96::7]:80');
    const mail = destination({ name: 'mail', endpoints: ['10.244.0.1:25'] });
    control.put({ ...mail, protocol: 'detect' }, '10.96.0.8:25');
    control.put({ ...mail, protocol: 'detect' }, '[fd00:96::8]:25');
    const plain = destination({ name: 'plain', endpoints: ['10.244.0.1:8083'] });
    control.put({ ...plain, protocol: 'detect' }, '10.96.0.9:80');
    const round = destination({ name: 'round', endpoints: ['10.244.0.1:8084'] });
    control.put(round, '10.96.0.10:80');
    control.keepSilentOf('10.96.0.10:5000');
    const { http } = servers;
    await servers.listen(8_081, '10.244.0.1', http);
    await servers.listen(8_082, '10.244.0.1', http);
    await servers.listen(8_083, '10.244.0.1', http);
    await servers.listen(80, '10.96.0.7', echoAtEnd);
    await servers.listen(80, '10.96.0.9', echoAtEnd);
    await servers.listen(5_000, '10.96.0.10', echoAtEnd);
    await servers.listen(8_080, '192.0.2.1', http);
    await servers.listen(9_000, '192.0.2.1', echoAtEnd);
    await servers.listen(9_001, '192.0.2.1', (socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    for (const host of ['10.96.0.8', 'fd00:96::8']) {
      await servers.listen(25, host, (socket) => socket.write(`220 ${host} at your service\r\n`));
    }
    const flags = ['--outbound', `[::]:${PROXY_PORT}`, '--admin', '127.0.0.1:15403'];
    proxy = startInterceptingProxy([...flags, '--control', control.url]);
    admin = `http://${(await proxy.ready())['admin']}`;
  });
  after(async () => {
    await proxy?.stop();
    await control.close();
    servers.close();
  });

  test('is routed by weight, by its ClusterIP, whatever Host it says', async () => {
    const client = await connectRaw('10.96.0.7:80');
    for (let at = 0; at < 200; at++) {
      const host = ['catalog', 'mail:25', '192.0.2.1:8080', 'nobody.example'][at % 4];
      const answer = await client.ask(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
      assert.match(String(answer.body), new RegExp(`^10.244.0.1:808[12] ${host}$`));
    }
    const v1 = servers.hits.get('10.244.0.1:8081') ?? 0;
    assert(v1 > 120 && v1 < 180, `${v1} of 200 at the backend of 75%`);
    assert.equal(servers.connections.includes('10.96.0.7:80'), false);
  });

  test('over IPv6 is the same destination: one set of backends, one count', async () => {
    const before = requestsOf(await metrics());
    const client = await connectRaw('[fd00:96::7]:80');
    for (let at = 0; at < 40; at++) await client.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const page = await metrics();
    assert.equal(requestsOf(page) - before, 40);
    assert.equal(page.match(/^remora_limit\{backend="catalog-v1/gm)?.length, 1);
    assert.equal(page.match(/^remora_config_version_info\{destination="catalog/gm)?.length, 1);
    const stats = (await (await fetch(`${admin}/stats`)).json()) as {
      routes: { backend: string }[];
    };
    assert.equal(stats.routes.filter(({ backend }) => backend === 'catalog-v1.shop:80').length, 1);
  });

  test('has its request without a Host (HTTP/1.0) sent on with its address as one', async () => {
    const client = await connectRaw('10.96.0.7:80');
    const { body } = await client.ask('GET / HTTP/1.0\r\n\r\n');
    assert.match(String(body), / 10\.96\.0\.7:80$/);
  });

  test('that begins HTTP/2 goes to its address as bytes, though its port has a route', async () => {
    assert.equal(String(await exchange('10.96.0.7', 80, `${PREFACE}frames`)), `${PREFACE}frames`);
    await counted('tcp_open_total{direction="outbound",dst="catalog.shop:80",protocol="http2"}');
  });

  test('to a port of HTTP that is none gets a 400', async () => {
    const client = await connectRaw('10.96.0.7:80');
    client.send('nonsense\r\n\r\n', 'GET');
    assert.equal((await client.response()).status, 400);
  });

  test('hears a server that speaks first, and is counted as such', async () => {
    for (const host of ['10.96.0.8', 'fd00:96::8']) {
      const socket = connect(25, host);
      const [banner] = await within(once(socket, 'data'), 5_000, () => 'the banner');
      assert.equal(String(banner), `220 ${host} at your service\r\n`);
      socket.destroy();
    }
    await counted(
      'tcp_open_total{direction="outbound",dst="mail.shop:80",protocol="server_first"}',
    );
  });

  test('of which nobody said what it speaks is HTTP by its first bytes, or is not', async () => {
    const client = await connectRaw('10.96.0.9:80');
    const { body } = await client.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(String(body), '10.244.0.1:8083 a');
    const hello = Buffer.from('16030100050100000100', 'hex');
    assert.deepEqual(await exchange('10.96.0.9', 80, hello), hello);
    await counted('tcp_open_total{direction="outbound",dst="plain.shop:80",protocol="tls"}');
    assert.equal(String(await exchange('10.96.0.9', 80, 'get key\r\n')), 'get key\r\n');
    await counted('tcp_open_total{direction="outbound",dst="plain.shop:80",protocol="other"}');
  });

  test('to nobody in the mesh is passed through untouched, HTTP too', async () => {
    const client = await connectRaw('192.0.2.1:8080');
    const answer = await client.ask('GET / HTTP/1.1\r\nhost: catalog\r\n\r\n');
    assert.equal(String(answer.body), '192.0.2.1:8080 catalog');
    assert.equal(fieldValue(answer.fields, 'x-request-id'), undefined);
    await counted('tcp_open_total{direction="outbound",dst="unknown",protocol="opaque"}');
  });

  test('has every byte passed both ways, with a reader that is slow', async () => {
    const bytes = Buffer.alloc(MUCH, Buffer.from(Array.from({ length: 251 }, (_, at) => at)));
    assert.deepEqual(await exchange('192.0.2.1', 9_000, bytes), bytes);
  });

  test('is reset where its server resets, and where there is none', async () => {
    for (const port of [9_001, 9_002]) {
      const socket = connect(port, '192.0.2.1');
      socket.write('x');
      const [error] = await within(once(socket, 'error'), 5_000, () => 'a reset');
      assert.equal(error.code, 'ECONNRESET');
    }
  });

  test('waits half a second for who its address is, and is passed through then', async () => {
    const startedAtMs = performance.now();
    assert.equal(String(await exchange('10.96.0.10', 5_000, 'x')), 'x');
    const tookMs = performance.now() - startedAtMs;
    assert(tookMs >= 490 && tookMs < 3_000, `${tookMs} ms`);
  });

  test('is the next one routed, once its address is a Service', async () => {
    const old = await connectRaw('192.0.2.1:8080');
    await old.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const late = destination({ name: 'late', endpoints: ['10.244.0.1:8083'] });
    await control.answered(control.put(late, '192.0.2.1:8080'));
    const client = await connectRaw('192.0.2.1:8080');
    const { body } = await client.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(String(body), '10.244.0.1:8083 a');
    const still = await old.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(String(still.body), '192.0.2.1:8080 a');
  });

  test('whose Service goes gets a 503 and ends; the next one is passed through', async () => {
    const client = await connectRaw('10.96.0.9:80');
    await client.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    control.remove('10.96.0.9:80');
    const gone = async () => (await (await fetch(`${admin}/config`)).text()).includes('plain');
    await until(async () => !(await gone()), 'the Service to be gone');
    const answer = await client.ask('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(answer.status, 503);
    assert.equal(await client.closed(), 'end');
    assert.equal(
      String(await exchange('10.96.0.9', 80, 'GET / HTTP/1.1\r\n')),
      'GET / HTTP/1.1\r\n',
    );
  });

  test('to the proxy itself is 508, and dials nobody', async () => {
    const client = await connectRaw(`10.96.0.10:${PROXY_PORT}`);
    const answer = await client.ask('GET / HTTP/1.1\r\nhost: catalog\r\n\r\n');
    assert.equal(answer.status, 508);
    assert.equal(fieldValue(answer.fields, 'x-remora-error'), 'RMR_LOOP');
  });

  test('made to the proxy on purpose says by its Host where it goes', async () => {
    const client = await connectRaw(`127.0.0.1:${PROXY_PORT}`);
    const answer = await client.ask('GET / HTTP/1.1\r\nhost: nobody\r\n\r\n');
    assert.equal(fieldValue(answer.fields, 'x-remora-error'), 'RMR_NO_DESTINATION');
  });

  test('comes back to a proxy whose own are not left alone, which ends it at once', async () => {
    const toPods = 'OUTPUT -p tcp -d 10.244.0.0/16 -j REDIRECT --to-ports';
    run(`iptables -t nat -D OUTPUT -p tcp -m owner --uid-owner ${PROXY_UID} -j RETURN`);
    run(`iptables -t nat -A ${toPods} ${PROXY_PORT}`);
    try {
      const socket = connect(9_000, '192.0.2.1');
      socket.end('x');
      await within(
        once(socket, 'close').catch(() => undefined),
        5_000,
        () => 'an end',
      );
      const client = await connectRaw('10.96.0.10:80');
      const answer = await client.ask('GET / HTTP/1.1\r\nhost: loop\r\n\r\n');
      assert.equal(answer.status, 508);
    } finally {
      run(`iptables -t nat -D ${toPods} ${PROXY_PORT}`);
      run(`iptables -t nat -I OUTPUT -p tcp -m owner --uid-owner ${PROXY_UID} -j RETURN`);
    }
    const opened = /^remora_downstream_connections (\d+)$/m.exec(await metrics());
    assert(Number(opened?.[1]) < 50, String(opened?.[0]));
  });

  test('is ended with the proxy, which waits for no bytes that nobody sends', async () => {
    const opened = async () => /^tcp_open_total\{.*"unknown".*$/m.exec(await metrics())?.[0];
    const before = await opened();
    const socket = connect(9_000, '192.0.2.1');
    const ended = within(once(socket, 'error'), 10_000, () => 'the end of the connection');
    await until(async () => (await opened()) !== before, 'a relay');
    const startedAtMs = performance.now();
    assert.equal((await proxy.stop('SIGTERM')).code, 0);
    assert((await ended)[0].code === 'ECONNRESET' && performance.now() - startedAtMs < 8_000);
  });
});

/** Of the catalog's backends. */
function requestsOf(page: string): number {
  const lines = page.matchAll(/^request_total\{.*backend="catalog-v[12]\.shop:80"\} (\d+)$/gm);
  return Array.from(lines, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
}
