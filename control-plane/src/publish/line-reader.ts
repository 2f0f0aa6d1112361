/**
 * Cuts a byte stream into lines, with a bound on a line that has not ended.
 *
 * Bytes, not text, are joined: a chunk may end inside a UTF-8 sequence. `readline` was refused,
 * because it has no bound on the length of a line.
 *
 * Pure (no I/O of its own). Used by `proxy-stream.ts` and `kube/watch.ts`.
 */
const NEWLINE = 0x0a;

export class LineReader {
  readonly #lineBytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that `chunk` completes, without their ends; null: a line is over the bound. */
  push(chunk: Buffer): readonly string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      if (!this.#keep(chunk.subarray(from, to))) return null;
      lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#bytes = 0;
      from = to + 1;
    }
    return this.#keep(chunk.subarray(from)) ? lines : null;
  }

  #keep(part: Buffer): boolean {
    if (part.length === 0) return true;
    this.#bytes += part.length;
    if (this.#bytes > this.#lineBytesMax) return false;
    this.#parts.push(part);
    return true;
  }
}
