/** Claims about reading answers: a client that misreads one would blame or praise the proxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from './client-connection.ts';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n';

test('an answer is there with its last byte and not before', () => {
  const whole = `${HEAD}key=7`;
  for (let length = 0; length < whole.length; length++) {
    assert.equal(readAnswer(whole.slice(0, length)), null, `${length} bytes`);
  }
  const read = readAnswer(whole);
  assert.deepEqual(read, { status: 200, body: 'key=7', length: whole.length, closes: false });
});

test('bytes after an answer are not part of it', () => {
  const read = readAnswer(`${HEAD}key=7HTTP/1.1 200 OK`);
  assert.ok(read !== null && read !== 'garbled');
  assert.equal(read.length, HEAD.length + 5);
});

test('chunks are put together', () => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n';
  const read = readAnswer(`${head}3\r\nkey\r\n2\r\n=7\r\n0\r\n\r\n`);
  assert.ok(read !== null && read !== 'garbled');
  assert.deepEqual([read.body, read.closes], ['key=7', true]);
});

test('what is no HTTP is garbled at once', () => {
  assert.equal(readAnswer('\u0000\u0001\u0002'), 'garbled');
  assert.equal(readAnswer('HTTP/1.1 099 No\r\ncontent-length: 0\r\n\r\n'), 'garbled');
});
