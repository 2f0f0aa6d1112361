/**
 * The bodies of reviews as text, or why there is none: too long, too many, not text, or its sender
 * has left.
 *
 * Counted as they come, since a length that is announced is only a promise. All bodies that are
 * being read share one room: else sixty strangers with eight megabytes each are the end of the
 * control plane. Owned by `server.ts`.
 */
import type { IncomingMessage } from 'node:http';
import * as limits from '../limits.ts';

/** Answered as plain HTTP: the webhook configuration's failure policy decides. */
export interface Failure {
  readonly status: number;
  readonly why: string;
}

const TOO_LONG: Failure = { status: 413, why: `a body over ${limits.reviewBytesMax} bytes` };
const FULL: Failure = { status: 503, why: 'too many bodies are being read: try again' };
const CUT: Failure = { status: 400, why: 'the body ended too early' };
const NO_TEXT: Failure = { status: 400, why: 'the body is not UTF-8' };

export class ReviewBodies {
  #bytes = 0;

  async read(request: IncomingMessage): Promise<string | Failure> {
    if (Number(request.headers['content-length'] ?? 0) > limits.reviewBytesMax) return TOO_LONG;
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      // Not destroyed where it is refused: the reason goes out on the same connection.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const { length } = chunk as Buffer;
        bytes += length;
        this.#bytes += length;
        if (bytes > limits.reviewBytesMax) return TOO_LONG;
        if (this.#bytes > limits.reviewsBytesMax) return FULL;
        chunks.push(chunk as Buffer);
      }
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, bytes));
    } catch (error) {
      return error instanceof TypeError ? NO_TEXT : CUT;
    } finally {
      this.#bytes -= bytes;
    }
  }
}
