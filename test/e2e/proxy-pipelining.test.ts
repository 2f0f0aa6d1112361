/**
 * Several requests on one connection: pipelined, in HTTP/1.0, and across any cut of the bytes.
 *
 * Answers come in the order of the requests, whatever the upstream does (RFC 9112 §9.3.2).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { response } from '../support/origin.ts';
import { get } from '../support/raw-client.ts';

describe('requests on one connection', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('sent in one write are answered in order, though the first one is slow', async () => {
    hop.origin.answer = ({ target, connection }) => {
      const delayMs = target === '/0' ? 60 : 0;
      setTimeout(() => connection.send(response({ body: target })), delayMs);
    };
    const client = await hop.connect();
    const targets = Array.from({ length: 10 }, (_, at) => `/${at}`);
    const requests = targets.map((target) => get(`http://app${target}`));
    client.send(requests.join(''), ...targets.map(() => 'GET'));
    for (const target of targets) {
      assert.equal((await client.response()).body.toString(), target);
    }
  });

  test('with bodies between them keep their borders', async () => {
    hop.origin.answer = ({ target, body, connection }) =>
      connection.send(response({ body: `${target} ${body}` }));
    const client = await hop.connect();
    const counted = 'POST http://app/1 HTTP/1.1\r\nhost: app\r\ncontent-length: 5\r\n\r\nfirst';
    const chunked =
      'POST http://app/2 HTTP/1.1\r\nhost: app\r\ntransfer-encoding: chunked\r\n\r\n' +
      '3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n';
    client.send(counted + chunked + get('http://app/3'), 'POST', 'POST', 'GET');
    assert.equal((await client.response()).body.toString(), '/1 first');
    assert.equal((await client.response()).body.toString(), '/2 second');
    assert.equal((await client.response()).body.toString(), '/3 ');
  });

  test('mean the same when every byte comes alone', async () => {
    const client = await hop.connect();
    const bytes = get('http://app/one', { 'x-a': 'b' });
    client.send(bytes.slice(0, 1), 'GET');
    for (const byte of bytes.slice(1)) {
      client.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await client.response()).status, 200);
    assert.equal(fieldValue(hop.origin.requests[0]!.fields, 'x-a'), 'b');
  });

  test('mean the same when every line comes alone', async () => {
    const client = await hop.connect();
    client.send('GET http://app/one HTTP/1.1\r\n', 'GET');
    for (const line of ['host: app\r\n', 'x-a: b\r\n', '\r\n']) {
      await sleep(20);
      client.write(line);
    }
    assert.equal((await client.response()).status, 200);
    assert.equal(fieldValue(hop.origin.requests[0]!.fields, 'x-a'), 'b');
  });

  test('that cannot be read are named by their own id, never by an earlier one', async () => {
    const client = await hop.connect();
    const secret = 'Bearer-of-somebody-else';
    const first = get('http://app/', { 'x-fill': 'f'.repeat(100), authorization: secret });
    await client.ask(first);
    // Where the other request had its secret, this one has its id.
    const start = 'GET http://app/ HTTP/1.1\r\nhost: app\r\n';
    const fill = first.indexOf(secret) - `${start}x: \r\nx-request-id: `.length;
    const id = 'i'.repeat(secret.length);
    const bad = `${start}x: ${'f'.repeat(fill)}\r\nx-request-id: ${id}\r\nbad name: x\r\n\r\n`;
    const answer = await (await hop.connect()).ask(bad);
    assert.equal(answer.status, 400);
    assert.equal(fieldValue(answer.fields, 'x-request-id'), id);
  });

  test('end with the one that says close', async () => {
    const client = await hop.connect();
    const answer = await client.ask(get('http://app/', { connection: 'close' }));
    assert.equal(fieldValue(answer.fields, 'connection')?.toLowerCase(), 'close');
    assert.equal(await client.closed(), 'end');
  });

  test('end with one that cannot be read, and what follows it is not read', async () => {
    const client = await hop.connect();
    const bad = 'GET http://app/ HTTP/1.1\r\nhost: app\r\nbad name: x\r\n\r\n';
    client.send(bad + get('http://app/after'), 'GET', 'GET');
    assert.equal((await client.response()).status, 400);
    await client.closed();
    assert.equal(hop.origin.requests.length, 0);
  });
});

describe('an HTTP/1.0 client', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('gets one answer and a close', async () => {
    const client = await hop.connect();
    assert.equal((await client.ask('GET http://app/ HTTP/1.0\r\n\r\n')).body.toString(), 'ok');
    assert.equal(await client.closed(), 'end');
  });

  test('that asks for keep-alive gets it, and its connection serves again', async () => {
    const client = await hop.connect();
    const request = 'GET http://app/ HTTP/1.0\r\nconnection: keep-alive\r\n\r\n';
    const first = await client.ask(request);
    assert.equal(fieldValue(first.fields, 'connection')?.toLowerCase(), 'keep-alive');
    assert.equal((await client.ask(request)).body.toString(), 'ok');
  });

  test('that asks for keep-alive is told of it by an error answer too', async () => {
    const client = await hop.connect();
    const request = 'GET http://nowhere/ HTTP/1.0\r\nconnection: keep-alive\r\n\r\n';
    const first = await client.ask(request);
    assert.equal(fieldValue(first.fields, 'connection')?.toLowerCase(), 'keep-alive');
    assert.equal((await client.ask(request)).status, 404);
  });

  test('never gets chunks: the body ends with the connection', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      connection.send('5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n');
    };
    const client = await hop.connect();
    const answer = await client.ask('GET http://app/ HTTP/1.0\r\nconnection: keep-alive\r\n\r\n');
    assert.equal(answer.framing, 'close');
    assert.equal(answer.body.toString(), 'hello!');
  });

  test('is HTTP/1.1 towards the upstream, with a Host', async () => {
    const client = await hop.connect();
    await client.ask('GET http://app/x HTTP/1.0\r\n\r\n');
    const [request] = hop.origin.requests;
    assert.equal(request?.startLine, 'GET /x HTTP/1.1');
    assert.equal(fieldValue(request.fields, 'host'), 'app');
  });
});
