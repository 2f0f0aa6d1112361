/**
 * Where sockets read to. All share one buffer, whose bytes die with the callback; a body that goes
 * on leases a buffer of its own, so that a write that the kernel did not take at once can pin it.
 *
 * Buffers have room before and after what is read: a chunk's frame is written around the data
 * where it lies, and the body is never copied. A buffer per socket was refused: 10,000 idle
 * connections would hold 640 MB.
 *
 * Owned by the proxy, handed to `socket-stream.ts`. Bound: `pumpBuffersFreeMax` kept for reuse,
 * and no more leased than there are streams with a body.
 */
import { CHUNK_HEADROOM } from '../http1/chunked.ts';
import * as limits from '../limits.ts';

/** Bytes after the data for the end of a chunk and the last chunk: `\r\n0\r\n\r\n`. */
export const READ_TAILROOM = 16;

export class ReadBuffer {
  /** With the room around it. */
  readonly bytes: Buffer;
  /** What the kernel fills: begins CHUNK_HEADROOM into `bytes`. */
  readonly view: Buffer;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(CHUNK_HEADROOM + size + READ_TAILROOM);
    this.view = this.bytes.subarray(CHUNK_HEADROOM, CHUNK_HEADROOM + size);
  }
}

export class ReadBuffers {
  readonly shared: ReadBuffer = new ReadBuffer(limits.readBufferBytes);
  readonly #free: ReadBuffer[] = [];

  lease(): ReadBuffer {
    return this.#free.pop() ?? new ReadBuffer(limits.pumpBufferBytes);
  }

  release(buffer: ReadBuffer): void {
    if (this.#free.length < limits.pumpBuffersFreeMax) this.#free.push(buffer);
  }
}
