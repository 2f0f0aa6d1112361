/**
 * Laws of the codec, over generated requests.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { relayRequests } from './pipeline.ts';
import { cuts, request, requests } from './requests-arbitrary.ts';
import { type Message, readRequests } from './strict-grammar.ts';

function meaning(sent: Buffer): unknown {
  return readRequests(sent).messages.map(({ start: _start, end: _end, ...rest }: Message) => rest);
}

test('property: every well-formed request is forwarded, and canonically', () => {
  fc.assert(
    fc.property(requests, (bytes) => {
      const outcome = relayRequests(bytes);
      assert.equal(outcome.refused, 0);
      const reading = readRequests(outcome.sent);
      assert.equal(reading.fault, null);
      assert.equal(reading.leftover, 0);
      assert.equal(reading.messages.length, outcome.whole);
    }),
    { numRuns: 300 },
  );
});

test('property: where the network cuts a stream never changes what it means', () => {
  fc.assert(
    fc.property(requests, cuts, (bytes, at) => {
      assert.deepEqual(meaning(relayRequests(bytes, at).sent), meaning(relayRequests(bytes).sent));
    }),
    { numRuns: 300 },
  );
});

test('property: one byte at a time means the same', () => {
  fc.assert(
    fc.property(requests, (bytes) => {
      const each = Array.from({ length: bytes.length }, (_, at) => at);
      assert.deepEqual(
        meaning(relayRequests(bytes, each).sent),
        meaning(relayRequests(bytes).sent),
      );
    }),
    { numRuns: 60 },
  );
});

test('property: what was written is read and written as it is', () => {
  fc.assert(
    fc.property(request, (bytes) => {
      const once = relayRequests(bytes).sent;
      assert.equal(relayRequests(once).sent.toString('latin1'), once.toString('latin1'));
    }),
    { numRuns: 300 },
  );
});

test('property: end-to-end fields go on byte for byte and in order', () => {
  const hop = /^(?:keep-alive|proxy-.*|x-remora-.*|host|content-length|transfer-encoding)$/i;
  fc.assert(
    fc.property(request, (bytes) => {
      const lines = (text: string): string[] =>
        text
          .slice(0, text.indexOf('\r\n\r\n'))
          .split('\r\n')
          .slice(1)
          .filter((line) => !hop.test(line.slice(0, line.indexOf(':'))));
      const sent = relayRequests(bytes).sent.toString('latin1');
      assert.deepEqual(lines(sent), lines(bytes.toString('latin1')));
    }),
    { numRuns: 300 },
  );
});

/** Of the head only: a body may hold anything. */
function headEnd(bytes: Buffer): number {
  return bytes.indexOf('\r\n\r\n') + 4;
}

function withBareLfs(bytes: Buffer): { head: string; body: string } {
  const end = headEnd(bytes);
  const head = bytes.toString('latin1', 0, end).replaceAll('\r\n', '\n');
  return { head, body: bytes.toString('latin1', end) };
}

test('property: a head of bare LFs means what it means with CRLF, wherever it is cut', () => {
  fc.assert(
    fc.property(request, cuts, (bytes, at) => {
      const { head, body } = withBareLfs(bytes);
      const outcome = relayRequests(Buffer.from(head + body, 'latin1'), at);
      assert.equal(outcome.refused, 0);
      assert.deepEqual(meaning(outcome.sent), meaning(relayRequests(bytes).sent));
    }),
    { numRuns: 300 },
  );
});

test('property: one CR anywhere in a head of bare LFs, and nothing of it goes on', () => {
  fc.assert(
    fc.property(request, fc.nat(), cuts, (bytes, where, at) => {
      const { head, body } = withBareLfs(bytes);
      const place = where % head.length;
      const mixed = `${head.slice(0, place)}\r${head.slice(place)}${body}`;
      const outcome = relayRequests(Buffer.from(mixed, 'latin1'), at);
      assert.notEqual(outcome.refused, 0);
      assert.equal(outcome.sent.length, 0);
    }),
    { numRuns: 500 },
  );
});

test('property: what comes behind a head of bare LFs and its body goes nowhere', () => {
  fc.assert(
    fc.property(request, requests, cuts, (bytes, behind, at) => {
      const { head, body } = withBareLfs(bytes);
      const all = Buffer.concat([Buffer.from(head + body, 'latin1'), behind]);
      const outcome = relayRequests(all, at);
      assert.equal(outcome.whole, 1);
      assert.equal(readRequests(outcome.sent).leftover, 0);
      assert.ok(outcome.closes);
    }),
    { numRuns: 200 },
  );
});
