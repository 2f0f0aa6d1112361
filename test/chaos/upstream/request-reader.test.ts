/** Claims about reading requests at the upstream, which counts what proxies do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestReader } from './request-reader.ts';

function keysOf(reader: RequestReader, text: string): readonly number[] {
  return reader.feed(Buffer.from(text, 'latin1')).map(({ key }) => key);
}

const POST = 'POST /a HTTP/1.1\r\nx-key: 7\r\ncontent-length: 4\r\n\r\npay ';
const CHUNKED =
  'POST /a HTTP/1.1\r\nx-key: 8\r\ntransfer-encoding: chunked\r\n\r\n4\r\npay \r\n0\r\n\r\n';

test('a request has arrived with its last byte, and counts once', () => {
  for (const whole of [POST, CHUNKED]) {
    const reader = new RequestReader();
    const seen = [...whole].map((byte) => keysOf(reader, byte).length);
    assert.equal(seen.lastIndexOf(1), whole.length - 1);
    assert.equal(
      seen.reduce((sum, count) => sum + count, 0),
      1,
    );
  }
});

test('requests in one piece are told apart', () => {
  const get = 'GET /b HTTP/1.1\r\nX-Key: 9\r\n\r\n';
  assert.deepEqual(keysOf(new RequestReader(), POST + CHUNKED + get), [7, 8, 9]);
});

test('what is no request is refused', () => {
  assert.throws(() => keysOf(new RequestReader(), 'hello\r\n\r\n'));
});
