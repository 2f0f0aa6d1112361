/** Claims about `replay-buffer.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as limits from '../limits.ts';
import { ReplayBlocks, ReplayBuffer } from './replay-buffer.ts';

const MAX = limits.replayBytesMax;
const BLOCK = limits.replayBlockBytes;

function fill(buffer: ReplayBuffer, bytes: number): boolean {
  return buffer.append(Buffer.alloc(bytes, 'x'), 0, bytes);
}

describe('a body', () => {
  test('can be sent again when it is whole or untouched, and not in between', () => {
    const buffer = new ReplayBuffer(new ReplayBlocks());
    assert.ok(buffer.isReplayable && !buffer.isWhole);
    fill(buffer, 10);
    assert.ok(!buffer.isReplayable);
    buffer.finish(null);
    assert.ok(buffer.isReplayable && buffer.isWhole);
  });

  test('of 64 KiB is kept, of a byte more it is not, and its memory goes back at once', () => {
    const blocks = new ReplayBlocks();
    const buffer = new ReplayBuffer(blocks);
    assert.ok(fill(buffer, MAX));
    assert.equal(blocks.leased, MAX / BLOCK);
    assert.ok(!fill(buffer, 1));
    assert.equal(blocks.leased, 0);
    buffer.finish(null);
    assert.ok(!buffer.isReplayable);
    assert.ok(!fill(buffer, 0), 'nor later');
  });

  test('that was begun stays lost until its exchange ends', () => {
    const buffer = new ReplayBuffer(new ReplayBlocks());
    buffer.giveUp();
    assert.ok(!fill(buffer, 1) && !buffer.isReplayable);
    buffer.release();
    assert.ok(buffer.isReplayable);
    assert.ok(fill(buffer, 1));
  });

  test('without bytes is whole once it ended', () => {
    const buffer = new ReplayBuffer(new ReplayBlocks());
    buffer.finish(Buffer.from('a: b\r\n'));
    assert.ok(buffer.isWhole);
    assert.equal(String(buffer.trailers), 'a: b\r\n');
    assert.equal(buffer.copyTo(Buffer.alloc(0), 0), 0);
  });
});

describe('all bodies together', () => {
  test('hold at most their total, then new ones are not kept, and those before are', () => {
    const blocks = new ReplayBlocks();
    const full = Array.from({ length: limits.replayTotalBytesMax / MAX }, () => {
      const buffer = new ReplayBuffer(blocks);
      assert.ok(fill(buffer, MAX));
      buffer.finish(null);
      return buffer;
    });
    const late = new ReplayBuffer(blocks);
    assert.ok(!late.hasRoomFor(1) && late.hasRoomFor(0));
    assert.ok(!fill(late, 1));
    assert.equal(blocks.refusals, 1);
    assert.ok(full.every((buffer) => buffer.isReplayable));
    full[0]!.release();
    late.release();
    assert.ok(late.hasRoomFor(MAX) && !late.hasRoomFor(MAX + 1));
    assert.ok(fill(late, MAX));
    for (const buffer of [...full, late]) buffer.release();
    assert.equal(blocks.leased, 0);
  });

  test('use the same memory again', () => {
    const blocks = new ReplayBlocks();
    const buffer = new ReplayBuffer(blocks);
    fill(buffer, 1);
    const block = buffer.first;
    buffer.release();
    fill(buffer, 1);
    assert.equal(buffer.first, block);
  });
});

test('property: what comes out is what went in, however it was cut, and no block is lost', () => {
  const pieces = fc.array(fc.oneof(fc.nat(100), fc.nat(BLOCK + 10)), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 3 }), (bodies) => {
      const blocks = new ReplayBlocks();
      const buffers = bodies.map((sizes, index) => {
        const buffer = new ReplayBuffer(blocks);
        const source = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
        for (let at = 0; at < source.length; at++) source[at] = (at * 31 + index) & 0xff;
        let at = 0;
        for (const size of sizes) {
          const hasRoom = buffer.hasRoomFor(size);
          assert.equal(buffer.append(source, at, at + size), hasRoom);
          at += size;
        }
        buffer.finish(null);
        return { buffer, source };
      });
      for (const { buffer, source } of buffers) {
        assert.equal(buffer.isReplayable, source.length <= MAX);
        if (!buffer.isReplayable) continue;
        assert.equal(buffer.length, source.length);
        const out = Buffer.alloc(source.length + 3);
        assert.equal(buffer.copyTo(out, 3), out.length);
        assert.ok(out.subarray(3).equals(source));
      }
      for (const { buffer } of buffers) buffer.release();
      assert.equal(blocks.leased, 0);
    }),
    { numRuns: 200 },
  );
});
