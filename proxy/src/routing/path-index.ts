/**
 * From a path's bytes to the matches that name it: open addressing, compared as bytes.
 *
 * Why not a Map: its key would be a string made from bytes, for every probe of every request. Why
 * not a trie: each node is a pointer to follow; here a path costs one multiplication per byte,
 * shared by all its prefixes, and a hit one comparison.
 *
 * Pure. Budget: no allocation in `find`; `bench/routes`. Built and probed by `route-table.ts`.
 */

/** Where a rolling hash starts (FNV-1a, 32 bits: one multiplication per byte). */
export const HASH_START = 0x811c9dc5 | 0;

export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export const NOT_FOUND = -1;

/** Insertions between two yields: about 0.1 ms. */
const INSERTIONS_PER_SLICE = 128;

interface Entry {
  readonly path: Uint8Array;
  /** Indexes of matches, ascending: best precedence first. */
  readonly candidates: number[];
}

export class PathIndexBuilder {
  readonly #entries = new Map<string, Entry>();

  /** Candidates must come in ascending order. */
  add(path: Buffer, candidate: number): void {
    const key = path.toString('latin1');
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, { path, candidates: [candidate] });
    else entry.candidates.push(candidate);
  }

  *build(): Generator<void, PathIndex> {
    const entries = [...this.#entries.values()];
    const index = new PathIndex(entries.length);
    for (let at = 0; at < entries.length; at++) {
      index.insert(entries[at]!.path, entries[at]!.candidates);
      if (at % INSERTIONS_PER_SLICE === INSERTIONS_PER_SLICE - 1) yield;
    }
    return index;
  }
}

export class PathIndex {
  /** Bytes of the longest path held: no probe past it can hit. */
  longest = 0;
  /** Candidates by group: `find` answers a group. */
  readonly candidates: (readonly number[])[] = [];
  readonly #paths: Uint8Array[] = [];
  readonly #hashes: Int32Array;
  /** Group + 1 by slot, 0 where empty; never more than half full. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(size: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, size * 2)));
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#hashes = new Int32Array(size);
  }

  insert(path: Uint8Array, candidates: readonly number[]): void {
    let hash = HASH_START;
    for (let at = 0; at < path.length; at++) hash = hashByte(hash, path[at]!);
    let slot = this.#slotOf(hash);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#hashes[this.#paths.length] = hash;
    this.#paths.push(path);
    this.candidates.push(candidates);
    this.#slots[slot] = this.#paths.length;
    this.longest = Math.max(this.longest, path.length);
  }

  /** The group of the path at bytes [start, end), whose rolling hash is `hash`; or NOT_FOUND. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    let slot = this.#slotOf(hash);
    for (;;) {
      const group = this.#slots[slot]! - 1;
      if (group < 0) return NOT_FOUND;
      if (this.#hashes[group] === hash && this.#equals(this.#paths[group]!, bytes, start, end)) {
        return group;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.#mask;
  }

  #equals(path: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
    if (path.length !== end - start) return false;
    for (let at = 0; at < path.length; at++) {
      if (path[at] !== bytes[start + at]) return false;
    }
    return true;
  }
}
