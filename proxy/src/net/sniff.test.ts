/** What the first bytes say, wherever the network cuts them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { SNIFF, sniff } from './sniff.ts';

function of(text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  return sniff(bytes, 0, bytes.length);
}

const CASES: readonly (readonly [text: string, found: number, why: string])[] = [
  ['GET / HTTP/1.1\r\n', SNIFF.HTTP1, 'a request line'],
  ['GET / HTTP/1.0\n', SNIFF.HTTP1, 'one that ends in a bare LF, which the parser judges'],
  ['OPTIONS * HTTP/1.1\r\n', SNIFF.HTTP1, 'a request of the whole server'],
  ['M-SEARCH http://a/ HTTP/1.1\r\n', SNIFF.HTTP1, 'any method, and an absolute target'],
  ['GET /a b HTTP/1.1\r\n', SNIFF.HTTP1, 'a target that the parser will refuse'],
  ['GET / HTTP/1', SNIFF.MORE, 'a line without its end'],
  ['G', SNIFF.MORE, 'one letter'],
  ['', SNIFF.MORE, 'nothing'],
  ['GET /\r\n', SNIFF.OTHER, 'HTTP/0.9'],
  ['GET / HTTP/2.0\r\n', SNIFF.OTHER, 'a version that no line of HTTP/1 has'],
  ['GET / HTTP/1.x\r\n', SNIFF.OTHER, 'a version that is no number'],
  ['get key\r\n', SNIFF.OTHER, 'memcached'],
  ['get k', SNIFF.OTHER, 'memcached, before its line ends: no target begins so'],
  ['get /key\r\n', SNIFF.OTHER, 'memcached, with a key like a path'],
  ['EHLO mail.example\r\n', SNIFF.OTHER, 'SMTP'],
  ['PING\r\n', SNIFF.OTHER, 'Redis, inline'],
  ['*1\r\n$4\r\nPING\r\n', SNIFF.OTHER, 'Redis'],
  ['CONNECT {"verbose":false}\r\n', SNIFF.OTHER, 'NATS'],
  ['CONNECT host:443 HTTP/1.1\r\n', SNIFF.OTHER, 'a tunnel through a proxy that somebody runs'],
  ['\x00\x00\x00\x08\x04\xd2\x16\x2f', SNIFF.OTHER, 'PostgreSQL'],
  [' GET / HTTP/1.1\r\n', SNIFF.OTHER, 'a space first'],
  ['GET /\x00 HTTP/1.1\r\n', SNIFF.OTHER, 'a control byte in the target'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', SNIFF.HTTP2, 'the preface of HTTP/2'],
  ['PRI * HTTP/2.', SNIFF.MORE, 'part of it'],
  ['PRI * HTTP/2.1\r\n', SNIFF.OTHER, 'nearly that'],
  ['PUT / HTTP/1.1\r\n', SNIFF.HTTP1, 'what begins as the preface does'],
  ['\x16\x03\x01\x02\x00\x01', SNIFF.TLS, 'a hello of TLS'],
  ['\x16\x03', SNIFF.MORE, 'the first bytes of one'],
  ['\x16\x02\x01', SNIFF.OTHER, 'no version of TLS'],
  ['\x16\x03\x05', SNIFF.OTHER, 'none either'],
  [`${'A'.repeat(limits.methodBytesMax + 1)} / HTTP/1.1\r\n`, SNIFF.OTHER, 'too long a method'],
  [`GET /${'a'.repeat(limits.sniffBytesMax)}`, SNIFF.HTTP1, 'a target that is answered 414'],
];

describe('the first bytes of a connection', () => {
  for (const [text, found, why] of CASES) {
    const name = Object.entries(SNIFF).find(([, value]) => value === found)![0];
    test(`are ${name}: ${why}`, () => assert.equal(of(text), found));
  }

  const likely = fc.oneof(
    fc.constantFrom(...CASES.map(([text]) => text).filter((text) => text.length < 1_000)),
    fc.string({ unit: fc.constantFrom(...'GETPRI /*hH.1 2\r\n\x16\x03\x00') }),
  );

  test('property: what is decided of the first ones, no later ones change', () => {
    fc.assert(
      fc.property(likely, likely, fc.nat(), (text, more, at) => {
        const early = of(text.slice(0, at % (text.length + 1)));
        if (early !== SNIFF.MORE) assert.equal(of(text + more), early);
      }),
    );
  });

  test('property: where they lie in a buffer says nothing', () => {
    fc.assert(
      fc.property(likely, fc.string(), fc.string(), (text, before, after) => {
        const bytes = Buffer.from(before + text + after, 'latin1');
        assert.equal(sniff(bytes, before.length, before.length + text.length), of(text));
      }),
    );
  });
});
