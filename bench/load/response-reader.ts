/**
 * Reads the answers of one keep-alive connection, one at a time, for load programs of our own.
 *
 * Only what the benches ask for: a status line, Content-Length, no chunks. Anything else throws,
 * since an answer that is not understood must not be counted as one. Pure.
 * Called by `generator.ts` and `download.ts`. Tests: `response-reader.test.ts`.
 */

const HEAD_MAX = 16 * 1024;

export class ResponseReader {
  /** Of the answer being read, or the last one. */
  status = 0;
  #head = '';
  #bodyLeft = 0;
  #inBody = false;

  /** Takes bytes off the wire; whether an answer ended with them. */
  feed(bytes: Buffer): boolean {
    if (this.#inBody) return this.#takeBody(bytes.length);
    const known = this.#head.length;
    this.#head += bytes.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n', Math.max(0, known - 3));
    if (end === -1) {
      if (this.#head.length > HEAD_MAX) throw new Error('a response head without an end');
      return false;
    }
    this.#startBody(this.#head.slice(0, end + 2));
    const bodyBytes = this.#head.length - end - 4;
    this.#head = '';
    return this.#takeBody(bodyBytes);
  }

  #startBody(head: string): void {
    this.status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i.exec(head)?.[1];
    if (!head.startsWith('HTTP/1.1 ') || length === undefined) {
      throw new Error(`an answer that the bench does not read: ${JSON.stringify(head)}`);
    }
    this.#bodyLeft = Number(length);
    this.#inBody = true;
  }

  #takeBody(count: number): boolean {
    if (count > this.#bodyLeft) throw new Error('bytes after the end of an answer');
    this.#bodyLeft -= count;
    if (this.#bodyLeft > 0) return false;
    this.#inBody = false;
    return true;
  }
}
