import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as limits from '../limits.ts';
import { Head } from './head.ts';
import { PARSE_OK, parseRequestHead } from './head-parser.ts';

function scalars(head: Head): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(head).filter(
      ([, value]) => typeof value === 'number' || typeof value === 'boolean',
    ),
  );
}

test('a head that is reset carries nothing over', () => {
  const head = new Head();
  const fresh = scalars(head);
  const bytes = Buffer.from(
    'POST http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: gzip, chunked\r\n' +
      'Expect: 100-continue\r\nTE: trailers\r\nConnection: close\r\nx-request-id: 1\r\n' +
      'traceparent: 2\r\n\r\n',
  );
  head.collect(bytes, 0, bytes.length);
  assert.equal(parseRequestHead(head, head.slab, 0, head.filled), PARSE_OK);
  assert.ok(head.codedChunked && head.expectContinue && head.teTrailers && !head.keepAlive);
  head.upgradeWebsocket = true;
  head.status = 200;
  head.reset();
  assert.deepEqual(scalars(head), fresh);
});

test('a slab grows to the limit, refuses more, and is small again after a reset', () => {
  const head = new Head();
  const piece = Buffer.alloc(10_000, 0x61);
  while (head.filled + piece.length <= limits.headBytesMax) {
    assert.equal(head.collect(piece, 0, piece.length), true);
  }
  assert.equal(head.collect(piece, 0, piece.length), false);
  assert.equal(head.text(0, head.filled), 'a'.repeat(head.filled));
  head.reset();
  assert.equal(head.slab.length, limits.headSlabBytes);
});
