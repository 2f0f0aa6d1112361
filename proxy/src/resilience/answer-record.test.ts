/** Claims about `answer-record.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Head, METHOD } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { AnswerRecord, layReplay, replayRoom } from './answer-record.ts';
import { ReplayBlocks } from './replay-buffer.ts';
import { responseOf } from './response-fixture.ts';

const MARK = 'x-remora-replayed: 1\r\n';
const NO_FIELDS = new Uint8Array(0);

type Fields = readonly (readonly [name: string, value: string])[];

/** What the answer is replayed as; null: it was not kept. */
function replayed(
  head: Head,
  body = '',
  { method = METHOD.POST as number, version = 11, close = false, trailers = false } = {},
): string | null {
  const blocks = new ReplayBlocks();
  const record = new AnswerRecord(blocks);
  record.begin(head, method);
  const bytes = Buffer.from(`##${body}##`);
  const cut = Math.min(3, bytes.length - 2);
  record.append(bytes, 2, cut);
  record.append(bytes, cut, bytes.length - 2);
  const answer = record.take(trailers);
  assert.equal(blocks.leased, 0);
  if (answer === null) return null;
  assert.equal(answer.status, head.status);
  const out = Buffer.alloc(replayRoom(answer, NO_FIELDS));
  return out.toString('latin1', 0, layReplay(out, 0, answer, NO_FIELDS, version, close));
}

function isKept(status: number, fields: Fields = []): boolean {
  return new AnswerRecord(new ReplayBlocks()).begin(responseOf(status, fields), METHOD.POST);
}

describe('a kept answer', () => {
  const fields: Fields = [
    ['X-Payment', '17'],
    ['Connection', 'X-Hop, keep-alive'],
    ['X-Hop', '1'],
    ['Keep-Alive', 'timeout=5'],
    ['Transfer-Encoding', 'chunked'],
    ['x-remora-error', 'RMR_OVERLOADED'],
    ['Content-Type', 'text/plain'],
  ];
  const lines = 'X-Payment: 17\r\nContent-Type: text/plain\r\n';

  test('has its fields as they were sent, less those of one hop, and a length', () => {
    assert.equal(
      replayed(responseOf(201, fields), 'paid'),
      `HTTP/1.1 201 Because\r\n${lines}content-length: 4\r\n${MARK}\r\npaid`,
    );
  });

  test('is told to whom the connection stays or closes', () => {
    const head = responseOf(201, fields);
    const start = `HTTP/1.1 201 Because\r\n${lines}content-length: 4\r\n${MARK}`;
    assert.equal(replayed(head, 'paid', { close: true }), `${start}connection: close\r\n\r\npaid`);
    const old = replayed(head, 'paid', { version: 10 });
    assert.equal(old, `${start}connection: keep-alive\r\n\r\npaid`);
  });

  test('without a body says so by its length, but where none may be', () => {
    assert.match(
      replayed(responseOf(200))!,
      /\r\ncontent-length: 0\r\nx-remora-replayed: 1\r\n\r\n$/,
    );
    assert.doesNotMatch(replayed(responseOf(204))!, /content-length/);
    const head = responseOf(200, [['Content-Length', '99']]);
    assert.match(
      replayed(head, '', { method: METHOD.HEAD })!,
      /\r\ncontent-length: 99\r\nx-remora/,
    );
    assert.doesNotMatch(replayed(responseOf(200), '', { method: METHOD.HEAD })!, /content-length/);
  });
});

describe('an answer is not kept', () => {
  test('of 5xx and of what asks for another try', () => {
    for (const status of [500, 502, 503, 599, 408, 425, 429, 101]) {
      assert.ok(!isKept(status), String(status));
    }
    for (const status of [200, 201, 204, 302, 400, 402, 404, 409, 422]) {
      assert.ok(isKept(status), String(status));
    }
  });

  test('with Set-Cookie or no-store, however spelled', () => {
    assert.ok(!isKept(200, [['SET-Cookie', 'a=1']]));
    assert.ok(!isKept(200, [['Cache-Control', 'private, No-Store']]));
    assert.ok(
      !isKept(200, [
        ['Cache-Control', 'private'],
        ['cache-control', 'no-store'],
      ]),
    );
    assert.ok(isKept(200, [['Cache-Control', 'no-cache, private']]));
    assert.ok(isKept(200, [['X-Set-Cookie', 'a=1']]));
  });

  test('when it has trailers', () => {
    assert.equal(replayed(responseOf(200), 'x', { trailers: true }), null);
  });

  test('over 64 KiB of head and body, said or sent, and frees its memory at once', () => {
    assert.ok(!isKept(200, [['Content-Length', String(limits.replayBytesMax + 1)]]));
    const blocks = new ReplayBlocks();
    const record = new AnswerRecord(blocks);
    const head = responseOf(200);
    const room = limits.replayBytesMax - 'HTTP/1.1 200 Because\r\n'.length;
    const body = Buffer.alloc(room + 1, 'x');
    record.begin(head, METHOD.POST);
    record.append(body, 0, room);
    assert.equal(record.take(false)?.body.length, room);
    record.begin(head, METHOD.POST);
    record.append(body, 0, room);
    record.append(body, 0, 1);
    assert.equal(blocks.leased, 0);
    record.append(body, 0, 1);
    assert.equal(record.take(false), null);
  });

  test('when nothing was recorded, or it was taken', () => {
    const record = new AnswerRecord(new ReplayBlocks());
    assert.equal(record.take(false), null);
    record.begin(responseOf(200), METHOD.POST);
    assert.notEqual(record.take(false), null);
    assert.equal(record.take(false), null);
  });
});
