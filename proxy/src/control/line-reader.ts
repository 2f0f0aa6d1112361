/**
 * Cuts a byte stream into lines, with a bound on a line that has not ended.
 *
 * Bytes, not text, are joined: a chunk may end inside a UTF-8 sequence. `readline` was refused: a
 * line there has no bound.
 *
 * Pure. Used by `control-stream.ts`.
 */
const NEWLINE = 0x0a;

export class LineReader {
  readonly #lineBytesMax: number;
  readonly #onLine: (line: string) => void;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(lineBytesMax: number, onLine: (line: string) => void) {
    this.#lineBytesMax = lineBytesMax;
    this.#onLine = onLine;
  }

  /** False: a line is over the bound; the stream is of no more use. */
  push(chunk: Buffer): boolean {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      if (!this.#keep(chunk.subarray(from, to))) return false;
      const line = Buffer.concat(this.#parts).toString('utf8');
      this.#parts = [];
      this.#bytes = 0;
      from = to + 1;
      if (line !== '') this.#onLine(line);
    }
    return this.#keep(chunk.subarray(from));
  }

  #keep(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes > this.#lineBytesMax) return false;
    if (part.length > 0) this.#parts.push(part);
    return true;
  }
}
