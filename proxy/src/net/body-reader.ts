/**
 * Reads one body off a connection: which bytes are data, and where the message ends.
 *
 * Lengths are counted, chunks are decoded where they lie (data moves together, nothing is copied
 * out), a body without either runs to the end of the connection. One for each connection, reused.
 *
 * Pure. Called by `downstream.ts` and `upstream.ts` for every read of a body.
 */
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from '../http1/body-framing.ts';
import { ChunkedDecoder } from '../http1/chunked.ts';

export class BodyReader {
  /** A body kind. */
  kind: number = BODY_NONE;
  /** The data of the last `read`, together. */
  dataStart = 0;
  dataEnd = 0;
  /** The first byte that is not the body's. */
  consumedTo = 0;
  isDone = true;
  /** The framing was broken: nothing after it can be understood. */
  isRefused = false;
  /** Field lines after a chunked body, ready to write; null without any. */
  trailers: Uint8Array | null = null;
  #remaining = 0;
  // Most connections never see a chunk.
  #decoder: ChunkedDecoder | null = null;

  begin(kind: number, contentLength: number): void {
    this.kind = kind;
    this.isRefused = false;
    this.trailers = null;
    this.#remaining = kind === BODY_LENGTH ? contentLength : 0;
    this.isDone = kind === BODY_NONE || (kind === BODY_LENGTH && contentLength === 0);
    if (kind === BODY_CHUNKED) {
      this.#decoder ??= new ChunkedDecoder();
      this.#decoder.reset();
    }
  }

  read(bytes: Buffer, start: number, end: number): void {
    this.dataStart = start;
    if (this.kind === BODY_CHUNKED) return this.#readChunks(bytes, start, end);
    let to = end;
    if (this.kind === BODY_LENGTH) {
      to = Math.min(end, start + this.#remaining);
      this.#remaining -= to - start;
      this.isDone = this.#remaining === 0;
    } else if (this.kind === BODY_NONE) {
      to = start;
    }
    this.dataEnd = to;
    this.consumedTo = to;
  }

  /** The connection has ended in order: whether that ends the body. */
  endsWithConnection(): boolean {
    return this.kind === BODY_UNTIL_CLOSE;
  }

  #readChunks(bytes: Buffer, start: number, end: number): void {
    const decoder = this.#decoder!;
    decoder.decode(bytes, start, end);
    this.dataStart = decoder.dataStart;
    this.dataEnd = decoder.dataEnd;
    this.consumedTo = decoder.consumedTo;
    this.isDone = decoder.done;
    this.isRefused = decoder.refused !== 0;
    this.trailers = decoder.done ? decoder.trailers : null;
  }
}
