/**
 * Which YAML files of a folder have changed since the last scan, and what is in them now.
 *
 * A scan walks the whole folder and compares times and sizes: what the file system reported is only
 * a hint, because events get lost and editors replace files. Hinted files are read whatever their
 * time says, since two writes can fall into one tick of a file system's clock. A folder that is one
 * file works too. Links to folders are not followed, so there is no way to walk in a circle. What
 * cannot be read is not gone: its files stay as they were seen.
 *
 * Reads files; decides nothing about what is in them. Owned by `folder-source.ts`.
 */
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import * as limits from '../limits.ts';

/** `text` null: the file is not there any more. `refused`: it is, but it is not read, and why. */
export interface FileChange {
  readonly file: string;
  readonly text: string | null;
  readonly refused: string | null;
}

interface Listing {
  readonly paths: string[];
  /** Folders that cannot be read, and why. */
  readonly unread: Map<string, string>;
}

interface Seen {
  readonly stamp: string;
  readonly change: FileChange;
}

/** How a workload is started, and no object of the mesh: `remora dev` reads it. */
const NOT_OBJECTS = new Set(['dev.yaml', 'dev.yml']);

export class FolderScan {
  readonly #folder: string;
  #seen = new Map<string, Seen>();
  /** The last scan came to `filesMax` and left files out. */
  isCut = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `hinted`: paths, relative to the folder, that are read whatever their time says. */
  async changes(hinted: ReadonlySet<string>): Promise<readonly FileChange[]> {
    const changes: FileChange[] = [];
    const seen = new Map<string, Seen>();
    const { paths, unread } = await this.#list();
    for (const path of paths) {
      const file = relative(this.#folder, path) || basename(path);
      const before = this.#seen.get(file);
      const now = await this.#look(path, file, hinted.has(file) ? undefined : before);
      if (now === null) continue;
      seen.set(file, now);
      const same =
        before?.change.text === now.change.text && before.change.refused === now.change.refused;
      if (before === undefined || !same) changes.push(now.change);
    }
    for (const [path, refused] of unread) {
      const file = relative(this.#folder, path);
      const change = { file, text: '', refused };
      if (this.#seen.get(file)?.change.refused !== refused) changes.push(change);
      for (const [inside, before] of this.#seen) {
        if (inside.startsWith(`${file}${sep}`)) seen.set(inside, before);
      }
      seen.set(file, { stamp: '', change });
    }
    const gone = [...this.#seen.keys()].filter((file) => !seen.has(file));
    // Throws where the whole folder went away meanwhile: then nothing in it was deleted.
    if (gone.length > 0) await stat(this.#folder);
    for (const file of gone) changes.push({ file, text: null, refused: null });
    this.#seen = seen;
    return changes;
  }

  /** Null: gone between listing and reading. */
  async #look(path: string, file: string, before: Seen | undefined): Promise<Seen | null> {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (before?.stamp === stamp) return before;
      const refused = size > limits.fileBytesMax ? `over ${limits.fileBytesMax} bytes` : null;
      const text = refused === null ? await readFile(path, 'utf8') : '';
      return { stamp, change: { file, text, refused } };
    } catch (error) {
      if (isMissing(error)) return null;
      const refused = error instanceof Error ? error.message : String(error);
      return { stamp: '', change: { file, text: '', refused } };
    }
  }

  async #list(): Promise<Listing> {
    const root = await stat(this.#folder);
    if (root.isFile()) return { paths: [this.#folder], unread: new Map() };
    const listing: Listing = { paths: [], unread: new Map() };
    await list(this.#folder, 0, listing);
    this.isCut = listing.paths.length >= limits.filesMax;
    listing.paths.sort();
    return listing;
  }
}

/** What to watch for changes: a file is replaced in its folder, so that is where events are. */
export async function watchedFolder(folder: string): Promise<string> {
  return (await stat(folder)).isFile() ? dirname(folder) : folder;
}

async function list(folder: string, depth: number, listing: Listing): Promise<void> {
  const { paths } = listing;
  for (const entry of await entriesOf(folder, depth, listing)) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < limits.folderDepthMax) await list(path, depth + 1, listing);
    } else if (isObjectFile(entry.name, depth) && paths.length < limits.filesMax) {
      if (entry.isFile() || (await stat(path).catch(() => null))?.isFile()) paths.push(path);
    }
  }
}

async function entriesOf(folder: string, depth: number, listing: Listing): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (depth === 0) throw error;
    if (isMissing(error)) return [];
    listing.unread.set(folder, error instanceof Error ? error.message : String(error));
    return [];
  }
}

function isObjectFile(name: string, depth: number): boolean {
  return /\.ya?ml$/.test(name) && !(depth === 0 && NOT_OBJECTS.has(name));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
