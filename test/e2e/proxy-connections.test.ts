/**
 * Connections: reused when that is safe, given up when it is not, and never a request's answer for
 * another request.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { response, sayOk } from '../support/origin.ts';
import { get } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

describe('an upstream connection', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('serves one request after the other, from several clients', async () => {
    for (let round = 0; round < 5; round++) {
      const client = await hop.connect();
      for (let sent = 0; sent < 10; sent++) {
        assert.equal((await client.ask(get('http://app/'))).status, 200);
      }
    }
    assert.equal(hop.origin.requests.length, 50);
    assert.equal(hop.origin.connections.length, 1);
  });

  test('is not used again after an answer that says close', async () => {
    hop.origin.answer = ({ connection }) =>
      connection.send(response({ fields: { connection: 'close' } }));
    const client = await hop.connect();
    await client.ask(get('http://app/'));
    hop.origin.answer = sayOk;
    const second = await client.ask(get('http://app/'));
    assert.equal(second.body.toString(), 'ok');
    assert.equal(fieldValue(second.fields, 'connection'), undefined);
    assert.equal(hop.origin.connections.length, 2);
  });

  test('that sends a second, unasked answer never gives it to the next request', async () => {
    hop.origin.answer = ({ connection }) =>
      connection.send(Buffer.concat([response({ body: 'asked' }), response({ body: 'unasked' })]));
    const client = await hop.connect();
    for (let sent = 0; sent < 20; sent++) {
      assert.equal((await client.ask(get('http://app/'))).body.toString(), 'asked');
    }
    assert.equal(hop.origin.connections.length, 20);
  });

  test('that sends an unasked answer while idle is given up', async () => {
    const client = await hop.connect();
    assert.equal((await client.ask(get('http://app/'))).body.toString(), 'ok');
    hop.origin.connections[0]!.send(response({ body: 'unasked' }));
    await sleep(50);
    assert.equal((await client.ask(get('http://app/'))).body.toString(), 'ok');
    assert.equal(hop.origin.connections.length, 2);
  });

  test('that is closed while idle costs no request', async () => {
    const client = await hop.connect();
    for (let sent = 0; sent < 20; sent++) {
      assert.equal((await client.ask(get('http://app/'))).body.toString(), 'ok');
      hop.origin.connections.at(-1)!.end();
      await sleep(10);
    }
    assert.equal(hop.origin.connections.length, 20);
  });

  test('that is reset while idle costs no request, though both come at once', async () => {
    const client = await hop.connect();
    for (let sent = 0; sent < 5; sent++) {
      assert.equal((await client.ask(get('http://app/'))).body.toString(), 'ok');
      await sleep(10);
      hop.proxy.signal('SIGSTOP'); // So that one poll brings both.
      hop.origin.connections.at(-1)!.reset();
      await sleep(10);
      client.send('POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: 2\r\n\r\nhi');
      await sleep(10);
      hop.proxy.signal('SIGCONT');
      assert.equal((await client.response()).status, 200);
    }
  });

  test('that is closed with its answer, unannounced, costs no later request', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send(response({ body: 'and gone' }));
      connection.end();
    };
    const client = await hop.connect();
    for (let sent = 0; sent < 50; sent++) {
      assert.equal((await client.ask(get('http://app/'))).body.toString(), 'and gone');
    }
  });
});

describe('a client that goes away', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => {
    hop.origin.reset();
    hop.origin.answer = () => {}; // Nobody answers.
  });

  for (const how of ['reset', 'end'] as const) {
    test(`by ${how} while its request is in flight cancels it upstream`, async () => {
      const client = await hop.connect();
      client.send(get('http://app/'));
      await hop.origin.requestsReach(1);
      client[how]();
      await until(() => hop.origin.connections[0]!.ended !== 'open', 'the upstream to hear', 1_000);
      client.close();
    });
  }

  test('in the middle of an answer stops the upstream', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
    };
    const client = await hop.connect();
    client.send(get('http://app/'));
    await client.bodyParts(1);
    client.reset();
    await until(() => hop.origin.connections[0]!.ended !== 'open', 'the upstream to hear', 1_000);
  });

  test('takes its pipelined requests with it', async () => {
    const client = await hop.connect();
    client.send(get('http://app/1') + get('http://app/2'), 'GET', 'GET');
    await hop.origin.requestsReach(1);
    client.end();
    await until(() => hop.origin.connections[0]!.ended !== 'open', 'the upstream to hear', 1_000);
    await sleep(50);
    assert.equal(hop.origin.requests.length, 1);
    client.close();
  });
});

describe('an upstream that fails', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  const BAD: Record<string, string> = {
    'bytes that are not HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    'both framings':
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'a line break in a field': 'HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 0\r\n\r\n',
    'a status out of range': 'HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'.replace('999', '099'),
  };

  for (const [what, bytes] of Object.entries(BAD)) {
    test(`by answering with ${what} is a 502, and its connection is closed`, async () => {
      hop.origin.answer = ({ connection }) => connection.send(bytes);
      const client = await hop.connect();
      const answer = await client.ask(get('http://app/'));
      assert.equal(answer.status, 502);
      assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
      await until(() => hop.origin.connections[0]!.ended !== 'open', 'the close');
      hop.origin.answer = sayOk;
      assert.equal((await client.ask(get('http://app/'))).body.toString(), 'ok');
    });
  }

  test('by a reset before its answer is a 502 or 503 that names its code', async () => {
    hop.origin.answer = ({ connection }) => connection.reset();
    const client = await hop.connect();
    const answer = await client.ask(get('http://app/'));
    assert([502, 503].includes(answer.status), String(answer.status));
    assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
  });

  test('by being gone is a 502 or 503, and the client may ask again', async () => {
    await hop.origin.close();
    const client = await hop.connect();
    for (let sent = 0; sent < 2; sent++) {
      const answer = await client.ask(get('http://app/'));
      assert([502, 503].includes(answer.status), String(answer.status));
      assert.match(fieldValue(answer.fields, 'x-remora-error') ?? '', /^RMR_/);
    }
  });
});
