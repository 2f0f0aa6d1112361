import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import type { Admission } from './config-server.ts';
import type { Compiler } from './publisher.ts';
import { destinationNamed, inboundLimitedTo } from './sample-destination.ts';
import { serving } from './server-fixture.ts';
import { StreamClient } from './stream-client.ts';

const CATALOG = 'catalog.shop:80';

const compiler: Compiler = {
  compile: (key) => (key === CATALOG ? destinationNamed(key) : null),
  inbound: () => inboundLimitedTo(5),
  nearest: () => [CATALOG],
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function started() {
  const serves = await serving(compiler);
  ends.push(serves.close);
  return serves;
}

async function client(options: Parameters<typeof StreamClient.connect>[0]) {
  const connected = await StreamClient.connect(options);
  ends.push(() => connected.close());
  return connected;
}

describe('the config server', () => {
  test('hands a subscribed destination over and hears that it was applied', async () => {
    const { url, publisher } = await started();
    const proxy = await client({ url, name: 'storefront-0' });
    proxy.subscribe(CATALOG);
    const put = await proxy.next('put');
    assert.deepEqual(put.config, destinationNamed(CATALOG));
    const source = { kind: 'Service', namespace: 'shop', name: 'catalog' };
    await proxy.until(() => publisher.appliedBy(source).applied === 1);
  });

  test('tells a proxy of its application when it asks, which is no use of a Service', async () => {
    const { url, server, publisher } = await started();
    const proxy = await client({ url, name: 'catalog-0' });
    proxy.subscribe(INBOUND_KEY);
    const put = await proxy.next('put-inbound');
    assert.equal(put.config.limits.inFlightMax, 5);
    const source = { kind: 'ResiliencePolicy', namespace: 'shop', name: 'catalog' };
    await proxy.until(() => publisher.appliedBy(source).applied === 1);
    assert.deepEqual(
      server.proxies().map(({ uses }) => uses),
      [0],
    );
  });

  test('answers gone with the nearest names', async () => {
    const { url } = await started();
    const proxy = await client({ url, name: 'storefront-0' });
    proxy.subscribe('catalogue.shop:80');
    assert.deepEqual((await proxy.next('gone')).nearest, [CATALOG]);
  });

  test('counts a proxy that connects again as one, and ends its old stream', async () => {
    const { url, server } = await started();
    const old = await client({ url, name: 'storefront-0' });
    await client({ url, name: 'storefront-0' });
    await old.until(() => old.closed);
    assert.equal(server.proxies().length, 1);
  });

  for (const [what, line] of [
    ['a subscribe before hello', '{"type":"subscribe","destination":"x.y:80"}\n'],
    ['a line that is not JSON', 'hello\n'],
    ['a hello of another protocol', '{"type":"hello","protocol":2,"known":{}}\n'],
  ] as const) {
    test(`ends a stream that begins with ${what}`, async () => {
      const { url } = await started();
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      ends.push(() => socket.destroy());
      const upgrade = 'connection: upgrade\r\nupgrade: remora-config/1\r\n\r\n';
      socket.write(`GET /v1/config HTTP/1.1\r\nhost: x\r\n${upgrade}${line}`);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    });
  }

  test('hands a proxy that does not read only the newest of what it missed', async () => {
    const { url, publisher } = await started();
    const proxy = await client({ url, name: 'slow-0' });
    proxy.subscribe(CATALOG);
    await proxy.next('put');
    proxy.socket.pause();
    // More than the kernel's and Node's buffers hold together.
    const versions = 300;
    for (let version = 1; version <= versions; version++) {
      const config = { ...destinationNamed(CATALOG, version), name: 'x'.repeat(100_000) };
      publisher.apply({ ...compiler, compile: () => config });
      await new Promise((resolve) => setImmediate(resolve));
    }
    proxy.socket.resume();
    const puts = () => proxy.received.filter((message) => message.type === 'put');
    const newest = () => puts().at(-1)?.config.backends[CATALOG]?.connectTimeoutMs;
    await proxy.until(() => newest() === versions);
    assert.ok(puts().length < versions / 2, `${puts().length} puts`);
  });

  test('ignores messages of a type it does not know', async () => {
    const { url } = await started();
    const proxy = await client({ url, name: 'storefront-0' });
    proxy.socket.write('{"type":"from-the-future"}\n');
    proxy.subscribe(CATALOG);
    await proxy.next('put');
  });

  test('answers its pages, and an upgrade to anything else with 400', async () => {
    const { url } = await started();
    assert.deepEqual(await (await fetch(`${url}/v1/status`)).json(), { fine: true });
    assert.equal((await fetch(`${url}/live`)).status, 200);
    assert.equal((await fetch(`${url}/ready`)).status, 200);
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    ends.push(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
  });

  for (const [what, headers] of [
    ['the Host of another site', { host: 'evil.example' }],
    ['the Origin of another site', { host: '127.0.0.1', origin: 'http://evil.example' }],
  ] as const) {
    test(`tells nothing to a browser that brings ${what}`, async () => {
      const { url } = await started();
      const { port } = new URL(url);
      const asked = httpGet({ host: '127.0.0.1', port, path: '/v1/status', headers });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      assert.equal(answer.statusCode, 403);
    });
  }
});

describe('where proxies have tokens', () => {
  const identity = { name: 'catalog-7f-x', namespace: 'shop', workload: 'catalog' };
  const authenticate = async (token: string | null): Promise<Admission> => {
    if (token === 'broken') throw new Error('no API server');
    if (token === 'good') return { identity };
    return { identity: null, status: 401, why: 'the token is of no pod' };
  };

  async function upgraded(url: string, authorization: string) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
    ends.push(() => socket.destroy());
    const fields = `host: x\r\nconnection: upgrade\r\nupgrade: remora-config/1\r\n`;
    const proxy = { name: 'storefront-0', namespace: 'bank', workload: 'storefront' };
    const hello = JSON.stringify({ type: 'hello', protocol: 1, proxy, known: {} });
    socket.write(`GET /v1/config HTTP/1.1\r\n${fields}${authorization}\r\n${hello}\n`);
    let text = '';
    socket.on('data', (more: string) => {
      text += more;
    });
    const ended = once(socket, 'close');
    return { text: () => text, ended };
  }

  test('a proxy is who its token says, whatever it calls itself', async () => {
    const { url, server, close } = await serving(compiler, authenticate);
    ends.push(close);
    const { text } = await upgraded(url, 'authorization: Bearer good\r\n');
    while (!text().includes('"welcome"')) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(server.proxies(), [{ ...identity, uses: 0 }]);
  });

  for (const [what, authorization, answer] of [
    ['no token', '', /^HTTP\/1\.1 401 .*the token is of no pod/s],
    ['a wrong token', 'authorization: Bearer bad\r\n', /^HTTP\/1\.1 401 /],
    ['a token nobody can look at now', 'authorization: Bearer broken\r\n', /^HTTP\/1\.1 503 /],
  ] as const) {
    test(`${what}: no stream, and the reason in words`, async () => {
      const { url, server, close } = await serving(compiler, authenticate);
      ends.push(close);
      const { text, ended } = await upgraded(url, authorization);
      await ended;
      assert.match(text(), answer);
      assert.deepEqual(server.proxies(), []);
    });
  }
});
