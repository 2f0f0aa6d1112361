import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import type { ByteStreamOwner } from './byte-stream.ts';
import { HandStream } from './hand-fixture.ts';
import { Scratch } from './scratch.ts';

const HEAD_BYTES = 4 * 1024;
const NOBODY: ByteStreamOwner = {
  onBytes: () => {},
  onEnd: () => {},
  onFlushed: () => {},
  onClosed: () => {},
};

describe('the scratch buffer', () => {
  test('holds a head and a whole read that came with it', () => {
    const scratch = new Scratch();
    const first = scratch.take(1);
    const size = HEAD_BYTES + limits.readBufferBytes;
    assert.equal(scratch.take(size), first);
    assert.equal(scratch.send(new HandStream(NOBODY), size), true);
    assert.equal(scratch.take(1), first);
  });

  test('grows for a larger message, and not for good', () => {
    const scratch = new Scratch();
    const size = limits.scratchBytes + 1;
    assert.equal(scratch.take(size).length, size);
    scratch.send(new HandStream(NOBODY), size);
    assert.equal(scratch.take(1).length, limits.scratchBytes);
  });

  test('belongs to a write that waits', () => {
    const scratch = new Scratch();
    const stream = new HandStream(NOBODY);
    stream.isBlocked = true;
    scratch.take(1).write('waiting', 'latin1');
    assert.equal(scratch.send(stream, 'waiting'.length), false);
    scratch.take(1).write('another', 'latin1');
    assert.equal(stream.written, 'waiting');
  });
});
