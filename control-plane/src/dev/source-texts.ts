/**
 * The texts of the folder's YAML as they are now, for what is proposed to try next.
 *
 * Reads files. Owned by `mesh.ts`.
 */
import { join } from 'node:path';
import { FolderScan } from '../files/folder-scan.ts';
import type { SourceText } from './tries.ts';

export class SourceTexts {
  readonly #folder: string;
  readonly #scan: FolderScan;
  readonly #texts = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#scan = new FolderScan(folder);
  }

  /** Files are named as a user in the current folder would; in order of their names. */
  async read(): Promise<SourceText[]> {
    for (const { file, text } of await this.#scan.changes(new Set())) {
      if (text === null) this.#texts.delete(file);
      else this.#texts.set(file, text);
    }
    const sorted = [...this.#texts].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([file, text]) => ({ path: join(this.#folder, file), text }));
  }
}
