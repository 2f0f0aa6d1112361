/**
 * What a control plane says where it does not open a stream: a status, and why in words.
 *
 * Read to its end, or to a bound, and made one line for the log: the words are another machine's.
 *
 * Pure. Used by `control-stream.ts`.
 */
import * as limits from '../limits.ts';
import { type Head, NO_LENGTH } from '../http1/head.ts';

export class RefusalText {
  readonly #status: number;
  readonly #bytesMax: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(head: Head) {
    const { status, contentLength, chunked } = head;
    const isCounted = contentLength !== NO_LENGTH && !chunked;
    this.#bytesMax = Math.min(isCounted ? contentLength : Infinity, limits.refusalBytesMax);
    this.#status = status;
  }

  /** Whether it is whole, or as much as is read of it. */
  push(chunk: Buffer): boolean {
    const part = chunk.subarray(0, this.#bytesMax - this.#bytes);
    this.#bytes += part.length;
    if (part.length > 0) this.#parts.push(Buffer.from(part));
    return this.#bytes >= this.#bytesMax;
  }

  /** `answered 401: …`. */
  get sentence(): string {
    const text = Buffer.concat(this.#parts).toString('utf8');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a log.
    const line = text.replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ').trim();
    return line === '' ? `answered ${this.#status}` : `answered ${this.#status}: ${line}`;
  }
}
