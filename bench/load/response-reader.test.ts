/** Claims about the reader with which the load programs count answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ResponseReader } from './response-reader.ts';

const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello');

test('property: where the network cuts two answers never changes their count', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: ANSWER.length })), (cuts) => {
      const reader = new ResponseReader();
      let ended = 0;
      for (let answer = 0; answer < 2; answer++) {
        const bounds = [0, ...cuts.toSorted((a, b) => a - b), ANSWER.length];
        for (let at = 1; at < bounds.length; at++) {
          const piece = ANSWER.subarray(bounds[at - 1], bounds[at]);
          if (piece.length > 0 && reader.feed(piece)) ended++;
        }
      }
      assert.equal(ended, 2);
      assert.equal(reader.status, 200);
    }),
  );
});

test('an answer without a body ends with its head', () => {
  const reader = new ResponseReader();
  assert.ok(reader.feed(Buffer.from('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n')));
  assert.equal(reader.status, 503);
});

test('an answer of unknown length, and bytes that nobody asked for, are errors', () => {
  assert.throws(() => new ResponseReader().feed(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')));
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab';
  assert.throws(() => new ResponseReader().feed(Buffer.from(head)));
});
