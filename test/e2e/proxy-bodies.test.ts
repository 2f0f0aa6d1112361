/**
 * Bodies through a real proxy: every byte, every framing, both ways.
 *
 * The origin and the client read strictly, so a request that reaches the origin at all was framed
 * in the one way that RFC 9112 §6 allows.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { chunk, response } from '../support/origin.ts';
import { assertPattern, patternBytes } from '../support/pattern.ts';
import { get } from '../support/raw-client.ts';

const MIB = 1024 * 1024;

describe('a body through the proxy', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('of 1 MiB arrives whole in both directions', async () => {
    hop.origin.answer = ({ connection }) => connection.send(response({ body: patternBytes(MIB) }));
    const client = await hop.connect();
    client.send(`POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: ${MIB}\r\n\r\n`);
    client.write(patternBytes(MIB));
    const answer = await client.response();
    assert.equal(answer.body.length, MIB);
    assertPattern(answer.body);
    assert.equal(hop.origin.requests[0]?.body.length, MIB);
    assertPattern(hop.origin.requests[0]!.body);
    assert.equal(fieldValue(hop.origin.requests[0]!.fields, 'content-length'), String(MIB));
  });

  test('may fill the read that ends a head which came in two', async () => {
    /** The second part lies ready before the proxy reads: one read takes all it can. */
    const inTwo = async (write: (bytes: Buffer) => void, whole: Buffer): Promise<void> => {
      write(whole.subarray(0, 20));
      await sleep(20);
      hop.proxy.signal('SIGSTOP');
      write(whole.subarray(20));
      await sleep(20);
      hop.proxy.signal('SIGCONT');
    };
    hop.origin.answer = ({ connection }) =>
      inTwo((bytes) => connection.send(bytes), response({ body: patternBytes(MIB) }));
    const client = await hop.connect();
    const head = `POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: ${MIB}\r\n\r\n`;
    client.send('', 'POST');
    await inTwo(
      (bytes) => client.write(bytes),
      Buffer.concat([Buffer.from(head), patternBytes(MIB)]),
    );
    const answer = await client.response();
    assert.equal(answer.status, 200);
    assertPattern(answer.body);
    assert.equal(answer.body.length, MIB);
    assertPattern(hop.origin.requests[0]!.body);
  });

  test('that is chunked keeps its bytes and its trailers upstream', async () => {
    const client = await hop.connect();
    client.send('POST http://app/ HTTP/1.1\r\nhost: app\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let at = 0; at < 100; at++) client.write(chunk(patternBytes(997, at * 997)));
    client.write('0\r\nx-sum: 12\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    const [request] = hop.origin.requests;
    assert.equal(request?.framing, 'chunked');
    assert.equal(request.body.length, 99_700);
    assertPattern(request.body);
    assert.deepEqual(request.trailers, [['x-sum', '12']]);
  });

  test('that is chunked is framed anew: the cuts of the client do not go upstream', async () => {
    const client = await hop.connect();
    client.send('POST http://app/ HTTP/1.1\r\nhost: app\r\ntransfer-encoding: chunked\r\n\r\n');
    // Leading zeros are legal (RFC 9112 §7.1); what the origin reads must parse strictly anyway.
    for (const piece of ['0', '05\r', '\nhe', 'llo', '\r\n1\r\n', '!\r', '\n0\r\n\r', '\n']) {
      client.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal((await client.response()).status, 200);
    assert.equal(hop.origin.requests[0]?.body.toString(), 'hello!');
  });

  test('that is chunked comes down whole, with trailers for a client that takes them', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n');
      for (let at = 0; at < 50; at++) connection.send(chunk(patternBytes(4_001, at * 4_001)));
      connection.send('0\r\nx-sum: 34\r\n\r\n');
    };
    const client = await hop.connect();
    const answer = await client.ask(get('http://app/', { te: 'trailers' }));
    assert.equal(answer.body.length, 200_050);
    assertPattern(answer.body);
    assert.deepEqual(answer.trailers, [['x-sum', '34']]);
  });

  test('is none for HEAD, 204 and 304, and the next answer is not taken for one', async () => {
    hop.origin.answer = ({ target, connection }) => {
      const heads: Record<string, string> = {
        '/head': 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n',
        '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
        '/304': 'HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\netag: "a"\r\n\r\n',
      };
      connection.send(heads[target] ?? response({ body: 'last' }));
    };
    const client = await hop.connect();
    const head = await client.ask(get('http://app/head', {}, 'HEAD'));
    assert.equal(fieldValue(head.fields, 'content-length'), '1000');
    assert.equal((await client.ask(get('http://app/204'))).status, 204);
    assert.equal(fieldValue((await client.ask(get('http://app/304'))).fields, 'etag'), '"a"');
    assert.equal((await client.ask(get('http://app/last'))).body.toString(), 'last');
  });

  test('that the upstream ends by closing arrives whole', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\n\r\n');
      connection.send(patternBytes(300_000));
      connection.end();
    };
    const client = await hop.connect();
    const answer = await client.ask(get('http://app/'));
    assert.equal(answer.body.length, 300_000);
    assertPattern(answer.body);
  });

  test('of length zero costs no body and keeps the connection', async () => {
    const client = await hop.connect();
    client.send('POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: 0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.ask(get('http://app/'))).status, 200);
  });
});

describe('a body that does not end as it should', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  const TRUNCATED: Record<string, string> = {
    'short of its length': 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc',
    'inside a chunk': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc',
    'before the last chunk': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
  };

  for (const [how, bytes] of Object.entries(TRUNCATED)) {
    test(`${how}, resets the client and never ends it cleanly`, async () => {
      hop.origin.answer = ({ connection }) => {
        connection.send(bytes);
        setTimeout(() => connection.end(), 20); // The head is down before the end comes.
      };
      const client = await hop.connect();
      client.send(get('http://app/'));
      assert.equal(await client.closed(), 'reset');
      assert.equal(client.responses.length, 0);
    });
  }

  test('by a reset of an upstream that closes to end, resets the client', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\n\r\nabc');
      setTimeout(() => connection.reset(), 20);
    };
    const client = await hop.connect();
    client.send(get('http://app/'));
    assert.equal(await client.closed(), 'reset');
    assert.equal(client.responses.length, 0);
  });

  test('because the client left, never reaches the origin as a whole request', async () => {
    const client = await hop.connect();
    client.send('POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: 100\r\n\r\nabc');
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.end();
    await client.closed();
    assert.equal(hop.origin.requests.length, 0);
  });
});
