/**
 * Tar archives: a folder as the entries of one, and files that exist only in memory.
 *
 * POSIX ustar, owners all root and times all zero, names in order: the same folder gives the same
 * bytes, and so an image that did not change keeps its digest. No `tar` of the system, since its
 * options for that differ between systems, and a format of 512-byte blocks needs no package.
 *
 * Called by `archive.ts`. Tests: `archive.test.ts`, against the real `tar`.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const FILE = '0';
const LINK = '2';
const FOLDER = '5';

export interface TarEntry {
  readonly path: string;
  readonly type: typeof FILE | typeof LINK | typeof FOLDER;
  readonly mode: number;
  readonly data: Uint8Array;
  /** Of a symbolic link. */
  readonly target: string;
}

export function fileEntry(path: string, data: Uint8Array, mode = 0o644): TarEntry {
  return { path, type: FILE, mode, data, target: '' };
}

/** Everything in a folder, in the order of names; links stay links. */
export function* entriesOf(folder: string, prefix = ''): Generator<TarEntry> {
  for (const name of readdirSync(folder).sort()) {
    const from = join(folder, name);
    const path = `${prefix}${name}`;
    const stat = lstatSync(from);
    const common = { path, mode: stat.mode & 0o7777, data: new Uint8Array(), target: '' };
    if (stat.isSymbolicLink()) yield { ...common, type: LINK, target: readlinkSync(from) };
    else if (stat.isFile()) yield { ...common, type: FILE, data: readFileSync(from) };
    else if (stat.isDirectory()) {
      yield { ...common, path: `${path}/`, type: FOLDER };
      yield* entriesOf(from, `${path}/`);
    } else throw new Error(`${from} is neither a file, a link nor a folder`);
  }
}

/** The archive, in pieces, so that no caller has to hold it whole. */
export function* tarOf(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) {
    yield headerOf(entry);
    yield entry.data;
    yield new Uint8Array(-entry.data.length & (BLOCK - 1));
  }
  yield new Uint8Array(2 * BLOCK);
}

function headerOf(entry: TarEntry): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(entry.path);
  if (Buffer.byteLength(entry.target) > NAME_BYTES) throw new Error(`${entry.target}: too long`);
  header.write(name, 0);
  header.write(octal(entry.mode, 7), 100);
  header.write(octal(0, 7), 108); // Owner.
  header.write(octal(0, 7), 116); // Group.
  header.write(octal(entry.data.length, 11), 124);
  header.write(octal(0, 11), 136); // Time.
  header.write(' '.repeat(8), 148); // The sum counts its own field as blanks.
  header.write(entry.type, 156);
  header.write(entry.target, 157);
  header.write('ustar\0' + '00', 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

/** A long path goes into two fields, parted at a slash. */
function splitPath(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= NAME_BYTES) return ['', path];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const name = path.slice(at + 1);
    if (name === '' || Buffer.byteLength(path.slice(0, at)) > PREFIX_BYTES) break;
    if (Buffer.byteLength(name) <= NAME_BYTES) return [path.slice(0, at), name];
  }
  throw new Error(`${path}: too long for an archive`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
