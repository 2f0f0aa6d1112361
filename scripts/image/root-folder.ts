/**
 * A folder that becomes the root of a container: programs with the libraries that they need.
 *
 * What a program needs is asked of the system's loader (`ldd`), so an image has what its programs
 * load and nothing else: no shell, no package list, nothing to update but them. The layout is the
 * merged one of today's systems, where `/lib` is a link to `/usr/lib`.
 *
 * Called by whatever describes an image: `remora-root.ts` and the cluster's `images.ts`.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const MERGED = ['bin', 'sbin', 'lib', 'lib64'];
const LIBRARY_LINE = /(?:=> )?(\/\S+) \(0x/;
const ELF = Buffer.from('\x7fELF');

export class RootFolder {
  readonly path: string;

  /** An empty one at this path, whatever was there. */
  constructor(path: string) {
    this.path = path;
    rmSync(path, { recursive: true, force: true });
    for (const name of MERGED) {
      mkdirSync(join(path, 'usr', name), { recursive: true });
      symlinkSync(`usr/${name}`, join(path, name));
    }
    this.folder('/tmp', 0o1777);
    this.folder('/etc');
  }

  folder(at: string, mode = 0o755): void {
    mkdirSync(this.#inside(at), { recursive: true });
    chmodSync(this.#inside(at), mode);
  }

  text(at: string, content: string): void {
    this.folder(dirname(at));
    writeFileSync(this.#inside(at), content);
  }

  link(at: string, target: string): void {
    symlinkSync(target, this.#inside(at));
  }

  /** A folder or a file as it is; where it is a link, what it leads to. */
  copy(from: string, at: string): void {
    mkdirSync(dirname(this.#inside(at)), { recursive: true });
    cpSync(from, this.#inside(at), { recursive: true, dereference: true });
  }

  /** A program, and the libraries that it loads when it starts. */
  program(from: string, at: string, options: { readonly strip?: boolean } = {}): void {
    this.copy(from, at);
    chmodSync(this.#inside(at), 0o755);
    if (options.strip === true) execFileSync('strip', [this.#inside(at)]);
    for (const library of librariesOf(from)) this.#library(library);
  }

  /** By the name that its users ask for, which is often a link to one with a version. */
  #library(from: string): void {
    const at = this.#inside(join(realpathSync(dirname(from)), basename(from)));
    if (existsSync(at)) return;
    mkdirSync(dirname(at), { recursive: true });
    copyFileSync(from, at);
  }

  #inside(at: string): string {
    return join(this.path, at);
  }
}

/** Paths of the shared libraries of a program; none for a static one. */
function librariesOf(program: string): string[] {
  if (!readFileSync(program).subarray(0, ELF.length).equals(ELF)) return [];
  let said: string;
  try {
    said = execFileSync('ldd', [program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return []; // ldd's way to say "not a dynamic executable".
  }
  return said.split('\n').flatMap((line) => LIBRARY_LINE.exec(line)?.[1] ?? []);
}
