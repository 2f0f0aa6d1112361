/** Claims about the stream by TLS: who is trusted, what is shown to whom, and what the log says. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureVersion, TLSSocket } from 'node:tls';
import { type ProxyMessage, WIRE_UPGRADE } from '@remora/api/wire.ts';
import { Authority } from './certificate-fixture.ts';
import type { ControlTarget } from './control-dial.ts';
import { ControlWorld, identity, plainTarget } from './control-fixture.ts';
import { Subscription } from './subscription.ts';

const HOST = '127.0.0.1';
const SWITCHING = `HTTP/1.1 101 Switching Protocols\r\nupgrade: ${WIRE_UPGRADE}\r\n`;

interface Manner {
  readonly names?: readonly string[];
  readonly notAfter?: Date;
  readonly maxVersion?: SecureVersion;
  /** What is answered in place of a 101. */
  readonly refusal?: string;
}

describe('the stream by TLS', () => {
  const authority = new Authority();
  let folder: string;
  let server: Server;
  let streams: Duplex[];
  let protocols: (string | null)[];
  let heard: ProxyMessage[];
  let proofs: (string | undefined)[];
  let world: ControlWorld;
  let subscription: Subscription | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'remora-tls-'));
    world = new ControlWorld();
    [streams, protocols, heard, proofs] = [[], [], [], []];
  });

  afterEach(async () => {
    subscription?.stop();
    subscription = undefined;
    for (const stream of streams) stream.destroy();
    server.closeAllConnections();
    await new Promise<unknown>((resolve) => {
      server.close(resolve);
    });
    rmSync(folder, { recursive: true });
  });

  async function listen({ names = [HOST], refusal, ...manner }: Manner = {}): Promise<string> {
    const { notAfter, maxVersion } = manner;
    const issued = authority.issue({ names, ...(notAfter && { notAfter }) });
    server = createServer({ ...issued, ...(maxVersion && { maxVersion }) });
    server.on('upgrade', (request, socket: TLSSocket) => {
      streams.push(socket);
      proofs.push(request.headers.authorization);
      protocols.push(socket.getProtocol());
      socket.on('error', () => undefined);
      if (refusal !== undefined) return void socket.end(refusal);
      socket.write(`${SWITCHING}connection: upgrade\r\n\r\n`);
      socket.on('data', (chunk: Buffer) => {
        const lines = chunk.toString().trim().split('\n');
        for (const line of lines) heard.push(JSON.parse(line) as ProxyMessage);
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, HOST, resolve);
    });
    return `https://${HOST}:${(server.address() as AddressInfo).port}`;
  }

  function start(parts: Partial<ControlTarget> & { readonly url: string }): void {
    const { live, installer, metrics, clock, log } = world;
    const control = { authority: authority.cert, tokenFile: null, ...parts };
    subscription = new Subscription({
      ...{ control, identity, live, installer, metrics, clock, log },
      chance: () => 0,
      hasInbound: false,
    });
    subscription.start();
  }

  async function until(condition: () => boolean, what: string): Promise<void> {
    for (let tries = 0; tries < 600 && !condition(); tries++) await sleep(5);
    assert(condition(), `no ${what} in time`);
  }

  /** Why there is no stream, as the log says. */
  async function complaint(): Promise<string> {
    await until(() => world.log.lines.length > 0, 'complaint');
    return String(world.log.lines[0]!.fields['why']);
  }

  test('is TLS 1.3, trusts the authority given, and says what is in the token file', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first\n');
    start({ url: await listen(), tokenFile });
    await until(() => heard.length === 1, 'hello');
    assert.deepEqual(heard[0], { type: 'hello', protocol: 1, proxy: identity, known: {} });
    assert.deepEqual(proofs, ['Bearer first']);
    assert.deepEqual(protocols, ['TLSv1.3']);
  });

  test('reads token and authority anew for each connection, since both rotate', async () => {
    const tokenFile = join(folder, 'token');
    const file = join(folder, 'ca.pem');
    writeFileSync(tokenFile, 'first');
    writeFileSync(file, new Authority().cert);
    start({ url: await listen(), authority: file, tokenFile });
    assert.match(await complaint(), /not signed by the authority of --control-ca/);
    writeFileSync(file, authority.cert);
    await until(() => heard.length === 1, 'hello');
    writeFileSync(tokenFile, 'second');
    streams[0]!.destroy();
    await until(() => heard.length === 2, 'second hello');
    assert.deepEqual(proofs, ['Bearer first', 'Bearer second']);
  });

  for (const [what, manner, words] of [
    ['for another name', { names: ['control.example'] }, /is not for 127\.0\.0\.1; name it in/],
    ['with a common name alone', { names: [] }, /is not for 127\.0\.0\.1; name it in/],
    ['that is out of date', { notAfter: new Date(Date.now() - 60_000) }, /out of date; compare/],
  ] as const) {
    test(`refuses a certificate ${what}, and shows its token to nobody`, async () => {
      const tokenFile = join(folder, 'token');
      writeFileSync(tokenFile, 'secret');
      start({ url: await listen(manner), tokenFile });
      assert.match(await complaint(), words);
      assert.deepEqual([streams.length, heard.length], [0, 0]);
    });
  }

  test('is not spoken with a control plane of TLS 1.2', async () => {
    start({ url: await listen({ maxVersion: 'TLSv1.2' }) });
    assert.match(await complaint(), /does not speak TLS 1\.3/);
  });

  test('is asked for in the log where the stream was begun in the clear', async () => {
    const url = await listen();
    start(plainTarget(url.replace('https:', 'http:')));
    assert.match(await complaint(), /does it want https:/);
  });

  test('that meets a control plane in the clear says what to change', async () => {
    server = createPlainServer().listen(0, HOST);
    await once(server, 'listening');
    start({ url: `https://${HOST}:${(server.address() as AddressInfo).port}` });
    assert.match(await complaint(), /is --control meant to begin with http:/);
  });

  test('without its token file is not begun, and says which file', async () => {
    start({ url: await listen(), tokenFile: join(folder, 'none') });
    assert.match(await complaint(), /^--control-token cannot be read: ENOENT.*none/);
    assert.equal(streams.length, 0);
  });

  test('that is refused is logged in the words of the control plane, once', async () => {
    const body = 'The token is not for\nremora.dev/control-plane';
    const refusal = `HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n${body}`;
    start({ url: await listen({ refusal }) });
    const said = 'answered 401: The token is not for remora.dev/control-plane';
    assert.equal(await complaint(), said);
    await until(() => streams.length >= 3, 'third attempt');
    assert.equal(world.log.lines.length, 1);
  });

  test('is refused as soon as the words are whole, and after 512 bytes of them', async () => {
    const head = 'HTTP/1.1 403 Forbidden\r\ncontent-length: 600\r\n\r\n';
    start({ url: await listen({ refusal: head + 'x'.repeat(600) }) });
    assert.equal(await complaint(), `answered 403: ${'x'.repeat(512)}`);
  });
});
