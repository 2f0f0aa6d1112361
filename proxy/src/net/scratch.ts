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
import { limits } from '../limits.ts';
import type { ByteStream } from './byte-stream.ts';

const NOTHING = Buffer.alloc(0);

export class Scratch {
  #bytes: Buffer = Buffer.allocUnsafeSlow(limits.scratchBytes);
  /** Views of lengths written lately: most messages of a service are of a few lengths. */
  #views: Buffer[] = newViews();

  /** A buffer of at least this size. What it held is gone. */
  take(size: number): Buffer {
    if (size > this.#bytes.length) this.#replace(size);
    return this.#bytes;
  }

  /** Writes the first `end` bytes of what was taken; whether the kernel has them all. */
  send(stream: ByteStream, end: number): boolean {
    const taken = stream.write(this.#view(end));
    if (!taken || this.#bytes.length > limits.scratchBytes) this.#replace(limits.scratchBytes);
    return taken;
  }

  #view(end: number): Buffer {
    const at = end & (limits.scratchViews - 1);
    const kept = this.#views[at]!;
    if (kept.length === end) return kept;
    const view = this.#bytes.subarray(0, end);
    this.#views[at] = view;
    return view;
  }

  #replace(size: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#views = newViews();
  }
}

function newViews(): Buffer[] {
  return Array.from({ length: limits.scratchViews }, () => NOTHING);
}
