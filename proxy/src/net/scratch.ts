/**
 * The one buffer in which messages are laid out before they are written.
 *
 * The kernel takes almost every write at once, and then the buffer is free again. When it does not,
 * the buffer belongs to that write, and a new one is made. So a message costs no allocation, and a
 * slow reader costs one buffer.
 *
 * Owned by the proxy; never held across callbacks. Bound: one buffer, plus those that blocked
 * writes hold, which the readers' backpressure bounds at one for each connection.
 */
import { LengthViews } from '../http1/length-views.ts';
import * as limits from '../limits.ts';
import type { ByteStream } from './byte-stream.ts';

export class Scratch {
  #bytes: Buffer = Buffer.allocUnsafeSlow(limits.scratchBytes);
  readonly #views = new LengthViews(limits.scratchViews);

  /** A buffer of at least this size. What it held is gone. */
  take(size: number): Buffer {
    if (size > this.#bytes.length) this.#replace(size);
    return this.#bytes;
  }

  /** Writes the first `end` bytes of what was taken; whether the kernel has them all. */
  send(stream: ByteStream, end: number): boolean {
    const taken = stream.write(this.#views.of(this.#bytes, 0, end));
    if (!taken || this.#bytes.length > limits.scratchBytes) this.#replace(limits.scratchBytes);
    return taken;
  }

  #replace(size: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#views.clear();
  }
}
