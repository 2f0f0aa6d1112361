/**
 * The tests' own eyes: if this reader were lenient, every process-level test would be too.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { GrammarError, type Message, MessageReader } from './message-reader.ts';

function read(kind: 'request' | 'response', bytes: string, method = 'GET'): Message[] {
  const messages: Message[] = [];
  const reader = new MessageReader(kind, { onMessage: (message) => messages.push(message) });
  reader.expect(method);
  reader.feed(Buffer.from(bytes, 'latin1'));
  reader.end();
  return messages;
}

const REFUSED: Record<string, string> = {
  'a bare LF': 'GET / HTTP/1.1\nhost: a\n\n',
  'a LF inside the head': 'GET / HTTP/1.1\r\nhost: a\nb: c\r\n\r\n',
  'a space before the colon': 'GET / HTTP/1.1\r\nhost : a\r\n\r\n',
  'a folded line': 'GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n',
  'both framings':
    'GET / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'two lengths': 'GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na',
  'a signed length': 'GET / HTTP/1.1\r\ncontent-length: +1\r\n\r\na',
  'another coding': 'GET / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a chunk extension': 'GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;a\r\nx\r\n0\r\n\r\n',
  'a chunk longer than its size': 'GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxy\r\n',
  'a truncated body': 'GET / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc',
};

describe('the strict reader', () => {
  for (const [what, bytes] of Object.entries(REFUSED)) {
    test(`refuses ${what}`, () => {
      assert.throws(() => read('request', bytes), GrammarError);
    });
  }

  test('reads a chunked body with trailers, and the request behind it', () => {
    const [first, second] = read(
      'request',
      'POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n' +
        '2\r\nhi\r\n1\r\n!\r\n0\r\nt: 1\r\n\r\n' +
        'GET /b HTTP/1.1\r\nhost: a\r\n\r\n',
    );
    assert.equal(first?.body.toString(), 'hi!');
    assert.deepEqual(first?.trailers, [['t', '1']]);
    assert.equal(second?.startLine, 'GET /b HTTP/1.1');
  });

  test('gives HEAD, 204 and 304 no body, whatever their length says', () => {
    assert.equal(
      read('response', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', 'HEAD').length,
      1,
    );
    assert.equal(read('response', 'HTTP/1.1 304 No\r\ncontent-length: 9\r\n\r\n').length, 1);
    assert.equal(read('response', 'HTTP/1.1 204 No\r\n\r\n').length, 1);
  });

  test('ends a response without framing with its connection', () => {
    const [response] = read('response', 'HTTP/1.1 200 OK\r\n\r\nall of it');
    assert.equal(response?.body.toString(), 'all of it');
    assert.equal(response?.framing, 'close');
  });

  test('property: where the network cuts the bytes never changes what they mean', () => {
    const bytes = Buffer.from(
      'HTTP/1.1 103 Early\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n' +
        '3\r\nabc\r\n0\r\nt: 1\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    );
    const readCut = (cuts: readonly number[]): Message[] => {
      const messages: Message[] = [];
      const reader = new MessageReader('response', { onMessage: (one) => messages.push(one) });
      let from = 0;
      for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
        reader.feed(bytes.subarray(from, to));
        from = to;
      }
      reader.end();
      return messages;
    };
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 9 }), (cuts) => {
        assert.deepEqual(
          readCut(cuts).map((one) => [one.startLine, String(one.body), one.trailers]),
          readCut([]).map((one) => [one.startLine, String(one.body), one.trailers]),
        );
      }),
    );
  });
});
