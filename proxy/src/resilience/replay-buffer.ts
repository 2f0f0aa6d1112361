/**
 * A request's body, kept while it streams, so that another attempt can send all of it.
 *
 * Copied, since what was read dies with its callback; into pooled blocks, since a buffer grown for
 * each body would be garbage of up to twice its size. What does not fit, for itself or for all
 * bodies together, is let go at once: it goes on as before and is never retried. Only a body that
 * is whole, or of which nothing was read, can be sent again.
 *
 *   EMPTY -> FILLING -> WHOLE     any of them -> LOST     release -> EMPTY
 *
 * Pure. A buffer is embedded in an exchange, the blocks are the proxy's: at most
 * `replayTotalBytesMax` leased, `replayBlocksFreeMax` kept. Budget: one view for each piece.
 */
import * as limits from '../limits.ts';

const BLOCKS_MAX = limits.replayTotalBytesMax / limits.replayBlockBytes;

export class ReplayBlock {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(limits.replayBlockBytes);
  /** Bytes of it in use. */
  filled = 0;
  next: ReplayBlock | null = null;
}

/** All blocks of the proxy. */
export class ReplayBlocks {
  /** In use by bodies. */
  leased = 0;
  /** Bodies that were let go for want of a block. */
  refusals = 0;
  #free: ReplayBlock | null = null;
  #freeCount = 0;

  /** Whether so many more can be had. */
  hasFree(count: number): boolean {
    return this.leased + count <= BLOCKS_MAX;
  }

  /** Null: all are in use. */
  lease(): ReplayBlock | null {
    if (this.leased === BLOCKS_MAX) {
      this.refusals++;
      return null;
    }
    this.leased++;
    const block = this.#free;
    if (block === null) return new ReplayBlock();
    this.#free = block.next;
    this.#freeCount--;
    block.next = null;
    return block;
  }

  /** Takes back a chain of blocks. */
  release(first: ReplayBlock | null): void {
    let block = first;
    while (block !== null) {
      const { next } = block;
      this.leased--;
      block.filled = 0;
      block.next = null;
      if (this.#freeCount < limits.replayBlocksFreeMax) {
        block.next = this.#free;
        this.#free = block;
        this.#freeCount++;
      }
      block = next;
    }
  }
}

const STATE = { EMPTY: 0, FILLING: 1, WHOLE: 2, LOST: 3 } as const;

export class ReplayBuffer {
  /** Bytes kept. */
  length = 0;
  /** The body's first block; each knows the next. */
  first: ReplayBlock | null = null;
  /** Lines behind a chunked body. */
  trailers: Uint8Array | null = null;
  readonly #blocks: ReplayBlocks;
  #last: ReplayBlock | null = null;
  #state: number = STATE.EMPTY;

  constructor(blocks: ReplayBlocks) {
    this.#blocks = blocks;
  }

  get isWhole(): boolean {
    return this.#state === STATE.WHOLE;
  }

  /** It is whole, or nothing of it was read. */
  get isReplayable(): boolean {
    return this.#state === STATE.WHOLE || this.#state === STATE.EMPTY;
  }

  /** Whether an `append` of so many bytes would keep them. */
  hasRoomFor(bytes: number): boolean {
    if (this.#state === STATE.LOST || this.length + bytes > limits.replayBytesMax) return false;
    const needed = Math.ceil((this.length + bytes) / limits.replayBlockBytes);
    return this.#blocks.hasFree(needed - Math.ceil(this.length / limits.replayBlockBytes));
  }

  /** Copies bytes [start, end) in. False: the body cannot be kept, and what was kept is gone. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#state === STATE.LOST) return false;
    this.#state = STATE.FILLING;
    if (this.length + end - start > limits.replayBytesMax) {
      this.giveUp();
      return false;
    }
    for (let from = start; from < end; ) {
      const block = this.#blockWithRoom();
      if (block === null) {
        this.giveUp();
        return false;
      }
      const to = Math.min(end, from + limits.replayBlockBytes - block.filled);
      block.bytes.set(bytes.subarray(from, to), block.filled);
      block.filled += to - from;
      this.length += to - from;
      from = to;
    }
    return true;
  }

  /** The body has ended. */
  finish(trailers: Uint8Array | null): void {
    if (this.#state === STATE.LOST) return;
    this.#state = STATE.WHOLE;
    this.trailers = trailers;
  }

  /** No further attempt will need it, or it cannot be had: the memory is others' now. */
  giveUp(): void {
    this.release();
    this.#state = STATE.LOST;
  }

  /** Copies the whole body to `out`; where it ends. */
  copyTo(out: Uint8Array, start: number): number {
    let at = start;
    for (let block = this.first; block !== null; block = block.next) {
      out.set(block.bytes.subarray(0, block.filled), at);
      at += block.filled;
    }
    return at;
  }

  /** Its exchange ends. */
  release(): void {
    this.#blocks.release(this.first);
    this.first = null;
    this.#last = null;
    this.trailers = null;
    this.length = 0;
    this.#state = STATE.EMPTY;
  }

  #blockWithRoom(): ReplayBlock | null {
    const last = this.#last;
    if (last !== null && last.filled < limits.replayBlockBytes) return last;
    const block = this.#blocks.lease();
    if (block === null) return null;
    if (last === null) this.first = block;
    else last.next = block;
    this.#last = block;
    return block;
  }
}
