/**
 * What applications and sidecars print, into files: the terminal belongs to the view.
 *
 * Bounded: a file that is full becomes `NAME.old`, replacing the one before, so that a chatty
 * application costs two files of fixed size. The last lines stay in memory, because they say why a
 * process ended.
 *
 * Called by `instance.ts`.
 */
import { appendFileSync, renameSync, rmSync } from 'node:fs';
import type { Readable } from 'node:stream';

const FILE_BYTES_MAX = 2 * 1024 * 1024;
const LAST_LINES_MAX = 3;
const LINE_CHARACTERS_MAX = 300;

export class AppLog {
  readonly path: string;
  #bytes = 0;
  #lastLines: string[] = [];

  constructor(path: string) {
    this.path = path;
    rmSync(`${path}.old`, { force: true });
    rmSync(path, { force: true });
  }

  /** Copies a stream until it ends. */
  follow(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => this.#append(chunk));
    stream.on('error', () => {});
  }

  /** A line of our own, for example that the process was started again. */
  note(text: string): void {
    this.#append(Buffer.from(`--- ${text}\n`));
  }

  /** The last line that the process printed, or an empty text. */
  lastWords(): string {
    return this.#lastLines.findLast((line) => !line.startsWith('---')) ?? '';
  }

  #append(chunk: Buffer): void {
    for (const line of chunk.toString().split('\n')) {
      if (line.trim() === '') continue;
      this.#lastLines.push(line.slice(0, LINE_CHARACTERS_MAX));
      if (this.#lastLines.length > LAST_LINES_MAX) this.#lastLines.shift();
    }
    try {
      if (this.#bytes + chunk.length > FILE_BYTES_MAX) {
        renameSync(this.path, `${this.path}.old`);
        this.#bytes = 0;
      }
      appendFileSync(this.path, chunk);
      this.#bytes += chunk.length;
    } catch {
      // A full disk must not end the mesh; the log is then incomplete.
    }
  }
}
