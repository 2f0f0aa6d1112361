/** Claims about a body that is collected before it is sent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BODY_CHUNKED } from '../http1/body-framing.ts';
import * as limits from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import { ReplayBlocks } from '../resilience/replay-buffer.ts';
import { RequestBody } from './request-body.ts';

const MAX = limits.replayBytesMax;
const TRAILERS = Buffer.from('x-sum: 1\r\n');

function begun(blocks = new ReplayBlocks(), bytesMax: number = MAX): RequestBody {
  const body = new RequestBody(blocks);
  body.begin(BODY_CHUNKED, false, null);
  body.collect(bytesMax);
  return body;
}

/** The bytes die with the call, as they do where they are read. */
function read(body: RequestBody, bytes: Buffer, isLast = false): void {
  const trailers = isLast ? TRAILERS : null;
  const shared = Buffer.from(bytes);
  const end = shared.length;
  const piece = { bytes: shared, start: 0, end, isStable: false, isLast, isPinned: false };
  body.onPiece({ ...piece, trailers });
  shared.fill('?');
}

/** What an upstream gets of it. */
class Taker {
  readonly parts: Buffer[] = [];
  ends = 0;
  trailers: Uint8Array | null = null;
  isFull = false;

  sendBody(piece: BodyPiece): boolean {
    assert.equal(this.ends, 0, 'nothing follows the last piece');
    this.parts.push(Buffer.from(piece.bytes.subarray(piece.start, piece.end)));
    if (piece.isLast) {
      this.ends++;
      this.trailers = piece.trailers;
    }
    return !this.isFull;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

describe('a body that is collected', () => {
  test('is at hand once it is whole, as often as it is sent', () => {
    const body = begun();
    read(body, Buffer.from('ten '));
    assert.ok(!body.isAtHand && !body.hasKept);
    read(body, Buffer.from('euros'), true);
    assert.ok(body.isAtHand && body.hasKept && body.isReplayable && !body.hasSpilled);
    for (let sent = 0; sent < 2; sent++) {
      const taker = new Taker();
      assert.ok(body.replay(taker));
      assert.deepEqual([String(taker.bytes), taker.ends], ['ten euros', 1]);
      assert.equal(taker.trailers, TRAILERS);
    }
  });

  test('spills at the first byte over its bound, and can then be sent by one attempt', () => {
    const blocks = new ReplayBlocks();
    const body = begun(blocks, 10);
    read(body, Buffer.from('0123456789'));
    assert.ok(!body.hasSpilled);
    read(body, Buffer.from('x'));
    assert.ok(body.hasSpilled && body.hasKept && body.isReplayable && !body.isAtHand);
    const taker = new Taker();
    taker.isFull = true;
    assert.ok(!body.replay(taker), 'whoever reads on is to wait');
    assert.deepEqual([String(taker.bytes), taker.ends], ['0123456789x', 0]);
    assert.ok(!body.hasKept && !body.isReplayable);
    assert.equal(blocks.leased, 0);
  });

  test('spills where no memory is left, and loses nothing', () => {
    const blocks = new ReplayBlocks();
    const body = begun(blocks);
    read(body, Buffer.from('ten '));
    while (blocks.lease() !== null);
    read(body, Buffer.alloc(limits.replayBlockBytes, 'x'));
    assert.ok(body.hasSpilled);
    const taker = new Taker();
    body.replay(taker);
    assert.equal(taker.bytes.length, limits.replayBlockBytes + 4);
    assert.ok(String(taker.bytes).startsWith('ten xx'));
  });

  test('is there for the only attempt there is, and streams where it was not collected', () => {
    const blocks = new ReplayBlocks();
    for (const bytesMax of [100, 3]) {
      const body = begun(blocks, bytesMax);
      read(body, Buffer.from('ten euros'), true);
      body.keepNoMore();
      const taker = new Taker();
      body.replay(taker);
      assert.deepEqual([String(taker.bytes), taker.ends], ['ten euros', 1]);
      body.release();
    }
    const streamed = new RequestBody(blocks);
    streamed.begin(BODY_CHUNKED, false, null);
    streamed.keepNoMore();
    read(streamed, Buffer.from('ten euros'), true);
    assert.ok(!streamed.hasKept && !streamed.isReplayable);
    assert.equal(blocks.leased, 0);
  });

  test('leaves nothing behind for the next request', () => {
    const blocks = new ReplayBlocks();
    const body = begun(blocks, 3);
    read(body, Buffer.from('12'));
    read(body, Buffer.from('345'));
    body.release();
    assert.ok(!body.hasKept);
    assert.equal(blocks.leased, 0);
    body.begin(BODY_CHUNKED, false, null);
    read(body, Buffer.from('long enough'), true);
    assert.ok(body.isAtHand && !body.hasSpilled, 'the bound is of the one before');
  });
});

test('property: however it is cut, all of it goes up in order, and ends once', () => {
  const sizes = fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 10_000, max: 70_000 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: MAX }), (cuts, bytesMax) => {
      const blocks = new ReplayBlocks();
      const body = begun(blocks, bytesMax);
      const source = Buffer.alloc(cuts.reduce((sum, size) => sum + size, 0));
      for (let at = 0; at < source.length; at++) source[at] = (at * 31) & 0xff;
      const taker = new Taker();
      let at = 0;
      for (const [index, size] of cuts.entries()) {
        const isLast = index === cuts.length - 1;
        const part = source.subarray(at, at + size);
        at += size;
        const streams = taker.parts.length > 0;
        read(body, part, isLast);
        if (streams) taker.parts.push(Buffer.from(part));
        else if (body.hasKept) body.replay(taker);
      }
      assert.ok(taker.bytes.equals(source));
      assert.equal(body.isAtHand, source.length <= bytesMax);
      if (body.isAtHand) assert.equal(taker.ends, 1);
      body.release();
      assert.equal(blocks.leased, 0);
    }),
  );
});
