/**
 * When to look at a folder again: shortly after the file system said that something changed, and
 * every two seconds in case it did not say so.
 *
 * A change is acted on once it is quiet for `settleMs`, since an editor writes in several steps,
 * but never later than `settleMsMax`. Looks never overlap: what changes during one is looked at
 * again after it.
 *
 * Owns the watcher and two timers. Used by `folder-source.ts`.
 */
import { type FSWatcher, watch } from 'node:fs';
import * as limits from '../limits.ts';

/** Looks at the folder; `hinted` names files, relative to it, that an event named. */
export type Look = (hinted: ReadonlySet<string>) => Promise<void>;

export class FolderWatch {
  readonly #look: Look;
  readonly #poll: NodeJS.Timeout;
  #watcher: FSWatcher | null = null;
  #settling: NodeJS.Timeout | null = null;
  #firstEventAtMs = 0;
  #hinted = new Set<string>();
  #looking: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #closed = false;

  constructor(folder: string, look: Look) {
    this.#look = look;
    this.#watch(folder);
    this.#poll = setInterval(() => {
      // A watcher dies with its folder; where the folder came back, so does the watcher.
      if (this.#watcher === null) this.#watch(folder);
      this.lookNow();
    }, limits.pollMs);
  }

  /** Looks as soon as the look under way, if any, has ended. */
  lookNow(): void {
    if (this.#isWaiting || this.#closed) return;
    this.#isWaiting = true;
    this.#looking = this.#looking.then(() => {
      this.#isWaiting = false;
      if (this.#closed) return;
      const hinted = this.#hinted;
      this.#hinted = new Set();
      return this.#look(hinted);
    });
  }

  /** Resolves when no look is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#watcher?.close();
    await this.#looking;
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { recursive: true }, (_event, file) => this.#heard(file));
      watcher.on('error', () => this.#lose(watcher));
      watcher.on('close', () => this.#lose(watcher));
      this.#watcher = watcher;
    } catch {
      this.#watcher = null; // No events here (too many watches, no folder): polling does it.
    }
  }

  #lose(watcher: FSWatcher): void {
    if (this.#watcher === watcher) this.#watcher = null;
    watcher.removeAllListeners('close');
    watcher.close();
  }

  #heard(file: string | null): void {
    if (this.#closed) return;
    if (file !== null && this.#hinted.size < limits.filesMax) this.#hinted.add(file);
    const nowMs = performance.now();
    if (this.#settling === null) this.#firstEventAtMs = nowMs;
    else clearTimeout(this.#settling);
    const leftMs = this.#firstEventAtMs + limits.settleMsMax - nowMs;
    this.#settling = setTimeout(
      () => {
        this.#settling = null;
        this.lookNow();
      },
      Math.max(0, Math.min(limits.settleMs, leftMs)),
    );
  }
}
