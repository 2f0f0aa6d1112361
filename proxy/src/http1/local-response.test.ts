import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LocalResponse, localResponseRoom, writeLocalResponse } from './local-response.ts';

const REFUSED: LocalResponse = {
  status: 502,
  code: 'RMR_X',
  body: 'naïve\n',
  lines: 'retry-after: 1\r\n',
  close: true,
  headOnly: false,
};

function written(answer: LocalResponse): string {
  const out = Buffer.alloc(3 + localResponseRoom(answer));
  return out.toString('utf8', 3, writeLocalResponse(out, 3, answer));
}

test('an answer of our own names its code, and its length in bytes', () => {
  assert.equal(
    written(REFUSED),
    'HTTP/1.1 502 Bad Gateway\r\nx-remora-error: RMR_X\r\n' +
      'content-type: text/plain; charset=utf-8\r\ncontent-length: 7\r\n' +
      'retry-after: 1\r\nconnection: close\r\n\r\nnaïve\n',
  );
});

test('to HEAD it says the length and sends no body; a redirect is no error', () => {
  const text = written({ ...REFUSED, code: null, status: 308, close: false, headOnly: true });
  assert.match(text, /^HTTP\/1\.1 308 Permanent Redirect\r\n/);
  assert.match(text, /content-length: 7\r\nretry-after: 1\r\n\r\n$/);
  assert.doesNotMatch(text, /x-remora-error|connection/);
});
