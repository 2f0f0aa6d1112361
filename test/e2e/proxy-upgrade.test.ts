/**
 * WebSocket through a real proxy, with an implementation that was not made here at both ends, and
 * what happens after the 101: bytes both ways, each direction closed on its own.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { response } from '../support/origin.ts';
import { patternBytes } from '../support/pattern.ts';
import { startProxy } from '../support/processes.ts';
import type { RunningProxy } from '../support/processes.ts';
import { get } from '../support/raw-client.ts';
import { destination, writeSnapshot } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};
const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** What the server has to answer the handshake; not what the connection has to live. */
const TRY_MS = 300;

describe('a WebSocket through the proxy', () => {
  let server: WebSocketServer;
  let proxy: RunningProxy;

  before(async () => {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => {
        if (String(data) === 'bye') socket.close(4_001, 'as asked');
        else socket.send(data, { binary: isBinary });
      });
    });
    const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rule = { timeouts: { perTryMs: TRY_MS } };
    const chat = destination({ name: 'chat', endpoints: [endpoint], rule });
    proxy = await startProxy({ snapshot: writeSnapshot([chat]) });
  });
  after(async () => {
    await proxy?.stop();
    for (const client of server.clients) client.terminate();
    server.close();
  });

  async function open(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://${proxy.outbound}/room`, { headers: { host: 'chat' } });
    await within(once(socket, 'open'), 5_000, () => 'the WebSocket to open');
    return socket;
  }

  test('outlives the time that a try has to be answered', async () => {
    const socket = await open();
    await sleep(2 * TRY_MS);
    socket.send('still here');
    const [data] = await within(once(socket, 'message'), 5_000, () => 'an echo');
    assert.equal(String(data), 'still here');
    socket.close();
  });

  test('carries text, and 1 MiB of bytes, both ways', async () => {
    const socket = await open();
    socket.send('hello');
    assert.equal(String((await once(socket, 'message'))[0]), 'hello');
    const bytes = patternBytes(1024 * 1024);
    socket.send(bytes);
    const [echoed] = await within(once(socket, 'message'), 5_000, () => 'the echo');
    assert(bytes.equals(echoed));
    socket.terminate();
  });

  test('carries pings, and the close code of the server', async () => {
    const socket = await open();
    socket.ping('are you there');
    assert.equal(String((await once(socket, 'pong'))[0]), 'are you there');
    socket.send('bye');
    const [code, reason] = await within(once(socket, 'close'), 5_000, () => 'the close');
    assert.equal(code, 4_001);
    assert.equal(String(reason), 'as asked');
  });
});

describe('after a 101', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => {
    hop.origin.reset();
    hop.origin.answer = ({ connection }) => {
      connection.switched = true;
      connection.send(`${SWITCHING}first`);
    };
  });

  test('bytes sent with the 101 and behind the request are not lost', async () => {
    const client = await hop.connect();
    client.send(get('http://app/', UPGRADE));
    assert.equal((await client.response()).status, 101);
    assert.equal(String(await client.rawBytes(5)), 'first');
    client.write('from the client');
    const [connection] = hop.origin.connections;
    await until(() => connection!.raw.length === 15, 'the bytes at the origin');
    assert.equal(String(connection!.raw), 'from the client');
  });

  test('the client may close its side and go on reading', async () => {
    const client = await hop.connect();
    client.send(get('http://app/', UPGRADE));
    await client.rawBytes(5);
    client.end();
    const [connection] = hop.origin.connections;
    await until(() => connection!.ended === 'end', 'the FIN at the origin');
    connection!.send(' and more');
    assert.equal(String(await client.rawBytes(14)), 'first and more');
    connection!.end();
    assert.equal(await client.closed(), 'end');
  });

  test('a reset on one side is felt on the other', async () => {
    const client = await hop.connect();
    client.send(get('http://app/', UPGRADE));
    await client.rawBytes(5);
    hop.origin.connections[0]!.reset();
    await client.closed();
  });
});

describe('an upgrade that is not made', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('because the upstream declined leaves an ordinary answer and connection', async () => {
    hop.origin.answer = ({ connection }) => connection.send(response({ status: 426, body: 'no' }));
    const client = await hop.connect();
    assert.equal((await client.ask(get('http://app/', UPGRADE))).status, 426);
    assert.equal((await client.ask(get('http://app/', UPGRADE))).body.toString(), 'no');
  });

  test('to h2c is never asked of the upstream', async () => {
    const client = await hop.connect();
    const fields = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AA',
    };
    assert.equal((await client.ask(get('http://app/', fields))).status, 200);
    const [request] = hop.origin.requests;
    assert.equal(fieldValue(request!.fields, 'upgrade'), undefined);
    assert.equal(fieldValue(request!.fields, 'http2-settings'), undefined);
  });

  test('but answered 101 all the same is a bad gateway', async () => {
    hop.origin.answer = ({ connection }) => connection.send(SWITCHING);
    const client = await hop.connect();
    assert.equal((await client.ask(get('http://app/'))).status, 502);
  });
});
