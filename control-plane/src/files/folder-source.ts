/**
 * A folder of Kubernetes YAML as a source of object events: scan, read, settle, tell.
 *
 * The same interface will be kept by `kube/`: events of what is in force, and problems as a whole
 * list, so that one that was mended is gone without anybody having to match it.
 *
 * Used by `control-plane.ts`.
 */
import type { ObjectEvent } from '../world.ts';
import * as limits from '../limits.ts';
import { FolderScan, watchedFolder } from './folder-scan.ts';
import { FolderWatch } from './folder-watch.ts';
import { Ledger } from './ledger.ts';
import { type FileReading, readObjects } from './object-reading.ts';
import type { Problem } from './problem.ts';

/** In place of a file, which is named as seen from the folder. */
const WHOLE_FOLDER = '.';

export interface FolderSourceOptions {
  /** A folder, or one file. */
  readonly folder: string;
  readonly onEvents: (events: readonly ObjectEvent[]) => void;
  /** All problems there are, whenever that changed. */
  readonly onProblems: (problems: readonly Problem[]) => void;
}

export class FolderSource {
  readonly #options: FolderSourceOptions;
  readonly #scan: FolderScan;
  readonly #ledger = new Ledger();
  #watch: FolderWatch | null = null;
  #problems = '[]';

  constructor(options: FolderSourceOptions) {
    this.#options = options;
    this.#scan = new FolderScan(options.folder);
  }

  /** Resolves after the first scan; rejects where there is no such folder. */
  async start(): Promise<void> {
    const watched = await watchedFolder(this.#options.folder);
    await this.#look(new Set());
    this.#watch = new FolderWatch(watched, (hinted) => this.#lookAgain(hinted));
    // What changed between the scan and the watch has had no event.
    this.#watch.lookNow();
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  async #look(hinted: ReadonlySet<string>): Promise<void> {
    const changes = await this.#scan.changes(hinted);
    for (const { file, text, refused } of changes) {
      if (text === null) this.#ledger.remove(file);
      else
        this.#ledger.put(file, refused === null ? readObjects(file, text) : unread(file, refused));
    }
    const events = changes.length === 0 ? [] : this.#ledger.settle();
    const { problems } = this.#ledger;
    // Also where nothing changed: the folder may have been away and is back.
    this.#tell(this.#scan.isCut ? [cut(), ...problems] : problems);
    if (events.length > 0) this.#options.onEvents(events);
  }

  /** The folder may be away for a moment (a checkout, a mount): what was read stays in force. */
  async #lookAgain(hinted: ReadonlySet<string>): Promise<void> {
    try {
      await this.#look(hinted);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const [problem] = unread(WHOLE_FOLDER, message).problems;
      this.#tell(problem === undefined ? [] : [problem, ...this.#ledger.problems]);
    }
  }

  #tell(problems: readonly Problem[]): void {
    const text = JSON.stringify(problems);
    if (text === this.#problems) return;
    this.#problems = text;
    this.#options.onProblems(problems);
  }
}

function unread(file: string, why: string): FileReading {
  const place = { file, line: 1, column: 1, object: null, field: null };
  const remedy = 'Make it readable: until then, what was last read from it stays in force';
  const problem = { ...place, message: `cannot be read: ${why}`, remedy };
  return { objects: [], mistaken: new Set(), isCut: true, isEmpty: false, problems: [problem] };
}

function cut(): Problem {
  return {
    file: WHOLE_FOLDER,
    line: 1,
    column: 1,
    object: null,
    field: null,
    message: `the folder has over ${limits.filesMax} files, and the last ones are not read`,
    remedy: 'Split the folder',
  };
}
