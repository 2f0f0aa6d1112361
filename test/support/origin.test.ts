/**
 * The two ends of the wire, put together without a proxy: what goes wrong here is not the proxy's.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Origin, response, startOrigin } from './origin.ts';
import { connectRaw, get } from './raw-client.ts';

describe('a raw client and a scripted origin', () => {
  let origin: Origin;
  before(async () => {
    origin = await startOrigin();
  });
  after(async () => await origin.close());
  beforeEach(() => origin.reset());

  test('exchange several requests on one connection', async () => {
    const client = await connectRaw(origin.address);
    assert.equal((await client.ask(get('http://a/1'))).body.toString(), 'ok');
    assert.equal((await client.ask(get('http://a/2', {}, 'HEAD'))).status, 200);
    assert.equal((await client.ask(get('http://a/3'))).status, 200);
    assert.equal(origin.connections.length, 1);
    assert.deepEqual(
      origin.requests.map((request) => request.method),
      ['GET', 'HEAD', 'GET'],
    );
  });

  test('tell a clean end from a reset', async () => {
    origin.answer = ({ connection }) => connection.end();
    const ended = await connectRaw(origin.address);
    ended.send(get('http://a/'));
    assert.equal(await ended.closed(), 'end');

    origin.answer = ({ connection }) => connection.reset();
    const reset = await connectRaw(origin.address);
    reset.send(get('http://a/'));
    assert.equal(await reset.closed(), 'reset');
  });

  test('notice a message that its end cuts short', async () => {
    origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc');
      connection.end();
    };
    const client = await connectRaw(origin.address);
    await assert.rejects(client.ask(get('http://a/')), /closed inside a message/);
  });

  test('pass interim answers on with the final one', async () => {
    origin.answer = ({ connection }) => {
      connection.send('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      connection.send(response({ body: 'final' }));
    };
    const client = await connectRaw(origin.address);
    const answer = await client.ask(get('http://a/'));
    assert.deepEqual(
      answer.interim.map((one) => one.startLine),
      ['HTTP/1.1 103 Early Hints'],
    );
    assert.equal(answer.body.toString(), 'final');
  });
});
