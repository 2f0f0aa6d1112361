/**
 * Configuration from a file: read at start, and again whenever it changes.
 *
 * The folder is watched and not the file, since editors and mounted ConfigMaps replace the file or
 * a link to it; a look every few seconds serves file systems that tell nothing. A file or an entry
 * that cannot be read leaves what is in force, and says so.
 *
 * Impure: files, a watcher, timers. Made by `configuration.ts`.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Log } from '../telemetry/log.ts';
import type { Installer } from './installer.ts';
import type { Live } from './live.ts';
import { runSliced } from './slices.ts';
import { type ConfigText, readSnapshot } from './snapshot-format.ts';

/** A save is several events. */
const SETTLE_MS = 50;

/** What a file holds. Throws where it cannot be read or is no snapshot. */
export async function loadSnapshot(file: string, clock: Clock): Promise<readonly ConfigText[]> {
  const { size } = await stat(file);
  if (size > limits.snapshotBytesMax) {
    throw new Error(`${size} bytes, at most ${limits.snapshotBytesMax}`);
  }
  return await runSliced(readSnapshot(await readFile(file, 'utf8')), clock);
}

export interface SnapshotFileOptions {
  readonly file: string;
  readonly live: Live;
  readonly installer: Installer;
  readonly clock: Clock;
  readonly log: Log;
}

export class SnapshotFile {
  readonly #options: SnapshotFileOptions;
  #watcher: FSWatcher | null = null;
  #poll: NodeJS.Timeout | null = null;
  #settle: NodeJS.Timeout | null = null;
  /** Of the file as it was read last. */
  #stamp = '';
  #applying: Promise<void> | null = null;

  constructor(options: SnapshotFileOptions) {
    this.#options = options;
  }

  /** Brings the file into force. What is missing from it is let go. */
  async apply(): Promise<void> {
    const { file, live, installer, clock, log } = this.#options;
    this.#stamp = stampOf(file);
    let texts: readonly ConfigText[];
    try {
      texts = await loadSnapshot(file, clock);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error({ file, why }, 'snapshot cannot be read, what is in force stays');
      return;
    }
    for (const text of texts) await installer.install(text);
    const kept = new Set(texts.map(({ key }) => key));
    for (const { key } of [...live.entries()]) {
      if (!kept.has(key)) live.drop(key);
    }
    if (!kept.has(INBOUND_KEY)) installer.resetInbound();
    log.info({ file, destinations: texts.length }, 'snapshot read');
  }

  watch(): void {
    const { file } = this.#options;
    this.#poll = setInterval(() => this.#look(), limits.snapshotPollMs);
    this.#poll.unref();
    try {
      this.#watcher = watch(dirname(file), { persistent: false }, () => this.#lookSoon());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No watching here: the look every few seconds remains.
    }
  }

  stop(): void {
    this.#watcher?.close();
    if (this.#poll !== null) clearInterval(this.#poll);
    if (this.#settle !== null) clearTimeout(this.#settle);
  }

  #lookSoon(): void {
    this.#settle ??= setTimeout(() => {
      this.#settle = null;
      this.#look();
    }, SETTLE_MS);
  }

  #look(): void {
    if (this.#applying !== null || stampOf(this.#options.file) === this.#stamp) return;
    this.#applying = this.apply().finally(() => {
      this.#applying = null;
      this.#lookSoon(); // It may have changed while it was read.
    });
  }
}

/** Differs when the file was written or replaced. */
function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
}
