/**
 * What is in force, kept on disk, so that a proxy starts without its control plane.
 *
 * Written a moment after the last change, to a file beside and then renamed: a crash leaves the old
 * one. Losing it costs a warm start and nothing else, so an error is logged once and never fatal,
 * and a file that cannot be read counts as none.
 *
 * Impure: files and one timer. Made by `configuration.ts`.
 */
import { open, rename, rm } from 'node:fs/promises';
import * as limits from '../limits.ts';
import type { Log } from '../telemetry/log.ts';
import type { Live } from './live.ts';
import { writeSnapshot } from './snapshot-format.ts';

export class LastGood {
  readonly #file: string;
  readonly #live: Live;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #hasFailed = false;

  constructor(file: string, live: Live, log: Log) {
    this.#file = file;
    this.#live = live;
    this.#log = log;
  }

  /** Something changed: written soon, several changes together. */
  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#writeNext();
    }, limits.lastGoodDelayMs);
  }

  /** Writes what is still waiting to be: before the process ends. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    await this.#writeNext();
  }

  async #writeNext(): Promise<void> {
    await this.#writing;
    this.#writing = this.#write();
    await this.#writing;
    this.#writing = null;
  }

  async #write(): Promise<void> {
    const beside = `${this.#file}.${process.pid}.tmp`;
    try {
      const texts = [...this.#live.texts()];
      const chars = texts.reduce((sum, { text }) => sum + text.length, 0);
      if (chars > limits.snapshotBytesMax) {
        throw new Error(`${chars} characters, at most ${limits.snapshotBytesMax}`);
      }
      const file = await open(beside, 'w', 0o600);
      try {
        for (const piece of writeSnapshot(texts)) await file.write(piece);
      } finally {
        await file.close();
      }
      await rename(beside, this.#file);
      this.#hasFailed = false;
    } catch (error) {
      await rm(beside, { force: true }).catch(() => undefined);
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      const why = error instanceof Error ? error.message : String(error);
      this.#log.warn({ file: this.#file, why }, 'last-good configuration cannot be written');
    }
  }
}
