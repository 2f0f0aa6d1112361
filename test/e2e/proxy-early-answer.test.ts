/**
 * Answers that come before the request has ended, and answers that come before the answer.
 *
 * Interim answers are relayed, at most 8 of them (RFC 9110 §15.2); a final answer may overtake the
 * request's body (RFC 9112 §9.5), and then either the body is drained or the connection is closed.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Hop, startHop } from '../support/hop.ts';
import { fieldValue } from '../support/message-reader.ts';
import { response } from '../support/origin.ts';
import { get } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const EXPECTING =
  'POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n';

describe('an answer before the end of the request', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('reaches the client while its body is still on the way', async () => {
    hop.origin.onHead = ({ connection }) => connection.send(response({ status: 413, body: 'big' }));
    hop.origin.answer = () => {};
    const client = await hop.connect();
    client.send('POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: 1000\r\n\r\nabc');
    const answer = await client.response();
    assert.equal(answer.status, 413);
    assert.equal(answer.body.toString(), 'big');
  });

  test('never lets the rest of that body be read as a request', async () => {
    hop.origin.onHead = ({ connection }) => connection.send(response({ status: 413 }));
    hop.origin.answer = () => {};
    const client = await hop.connect();
    const smuggled = get('http://app/smuggled');
    client.send(
      `POST http://app/ HTTP/1.1\r\nhost: app\r\ncontent-length: ${smuggled.length}\r\n\r\n`,
    );
    assert.equal((await client.response()).status, 413);
    client.write(smuggled);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(
      hop.origin.requests.filter((request) => request.target === '/smuggled'),
      [],
    );
    assert.equal(client.responses.length, 1);
  });
});

describe('Expect: 100-continue', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('gets its 100 from the upstream, and then the body goes up', async () => {
    let bodyBytesAtHead = -1;
    hop.origin.onHead = ({ connection }) => {
      bodyBytesAtHead = connection.bodyBytes;
      setTimeout(() => connection.send('HTTP/1.1 100 Continue\r\n\r\n'), 20);
    };
    const client = await hop.connect();
    client.send(EXPECTING);
    client.socket.once('data', () => client.write('hello'));
    const answer = await client.response();
    assert.equal(answer.status, 200);
    assert.deepEqual(
      answer.interim.map((one) => one.startLine.slice(0, 12)),
      ['HTTP/1.1 100'],
    );
    assert.equal(bodyBytesAtHead, 0);
    assert.equal(hop.origin.requests[0]?.body.toString(), 'hello');
  });

  test('may be refused at once, without the body being asked for', async () => {
    hop.origin.onHead = ({ connection }) => connection.send(response({ status: 417 }));
    hop.origin.answer = () => {};
    const client = await hop.connect();
    client.send(EXPECTING);
    const answer = await client.response();
    assert.equal(answer.status, 417);
    assert.equal(answer.interim.length, 0);
  });
});

describe('an interim answer', () => {
  let hop: Hop;
  before(async () => {
    hop = await startHop(['app']);
  });
  after(async () => await hop?.close());
  beforeEach(() => hop.origin.reset());

  test('such as 102 or 103 is relayed at once, with its fields', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 102 Processing\r\n\r\n');
      connection.send('HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n');
      setTimeout(() => connection.send(response({ body: 'done' })), 100);
    };
    const client = await hop.connect();
    let bytesBeforeFinal = 0;
    client.socket.on('data', (bytes) => {
      if (client.responses.length === 0) bytesBeforeFinal += bytes.length;
    });
    client.send(get('http://app/'));
    await until(() => bytesBeforeFinal > 0, 'the interim answers', 90);
    const answer = await client.response();
    assert.deepEqual(
      answer.interim.map((one) => [one.startLine.slice(9, 12), fieldValue(one.fields, 'link')]),
      [
        ['102', undefined],
        ['103', '</a.css>; rel=preload'],
      ],
    );
    assert.equal(answer.body.toString(), 'done');
  });

  test('may come eight times; the ninth makes the upstream a bad gateway', async () => {
    const hints = (count: number) => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(count);
    hop.origin.answer = ({ target, connection }) => {
      connection.send(hints(Number(target.slice(1))));
      connection.send(response({ body: 'done' }));
    };
    const client = await hop.connect();
    const eight = await client.ask(get('http://app/8'));
    assert.equal(eight.interim.length, 8);
    assert.equal(eight.status, 200);
    const other = await hop.connect();
    assert.equal((await other.ask(get('http://app/9'))).status, 502);
  });

  test('is not for HTTP/1.0', async () => {
    hop.origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 103 Early Hints\r\n\r\n');
      connection.send(response({ body: 'done' }));
    };
    const client = await hop.connect();
    const answer = await client.ask('GET http://app/ HTTP/1.0\r\nhost: app\r\n\r\n');
    assert.equal(answer.interim.length, 0);
    assert.equal(answer.body.toString(), 'done');
  });
});
