/**
 * What a rule changes of a request on its way: the path, and the header lines.
 *
 * Edits are encoded once, when compiling, into names to leave out and whole lines to append, so the
 * writer copies bytes and decides nothing. Rule edits come first and backend edits act on their
 * result, as the Gateway API orders filters; within one: set, add, remove.
 *
 * Pure. `rewritePath` is called by the head writer: no allocation. The rest by `control/compile`.
 */
import type { HeaderEditsConfig, PathRewriteConfig, RewriteConfig } from '@remora/api/wire.ts';
import type { Head } from '../http1/head.ts';
import type { HeaderEdits, PathRewrite, Rewrite } from './compiled.ts';
import { configPath } from './config-path.ts';

const SLASH = 0x2f;

/**
 * Writes the new path, without query, at `at` of `out`, which has room for the head's path and the
 * rewrite's value. Answers where it ends. `prefixLength` is the match's.
 */
export function rewritePath(
  out: Buffer,
  at: number,
  head: Head,
  rewrite: PathRewrite,
  prefixLength: number,
): number {
  const value = rewrite.value;
  if (rewrite.type === 'full') {
    out.set(value, at);
    return at + value.length;
  }
  const slab = head.slab;
  const restStart = head.pathStart + prefixLength;
  // `OPTIONS *` has no segments: nothing in it to replace.
  if (restStart === head.pathStart && slab[restStart] !== SLASH) {
    return at + slab.copy(out, at, restStart, head.pathEnd);
  }
  // The rest begins with the slash that ends the prefix, or is empty.
  const valueLength = value.at(-1) === SLASH ? value.length - 1 : value.length;
  for (let index = 0; index < valueLength; index++) out[at + index] = value[index]!;
  let end = at + valueLength;
  end += slab.copy(out, end, restStart, head.pathEnd);
  if (end === at) out[end++] = SLASH;
  return end;
}

export function encodeRewrite(config: RewriteConfig): Rewrite {
  return {
    authority: config.hostname === null ? null : Buffer.from(config.hostname),
    path: config.path === null ? null : encodePathRewrite(config.path),
  };
}

export function encodePathRewrite(config: PathRewriteConfig): PathRewrite {
  const value = config.value === '' ? Buffer.alloc(0) : configPath(config.value);
  // An empty target would be no request at all.
  if (config.type === 'full' && value.length === 0)
    return { type: 'full', value: Buffer.from('/') };
  return { type: config.type, value };
}

/** Null: nothing is edited. */
export function encodeEdits(
  rule: HeaderEditsConfig | null,
  backend: HeaderEditsConfig | null,
): HeaderEdits | null {
  const draft = new EditsDraft();
  if (rule !== null) draft.apply(rule);
  if (backend !== null) draft.apply(backend);
  return draft.encode();
}

class EditsDraft {
  readonly #removes = new Set<string>();
  #lines: { readonly name: string; readonly value: string }[] = [];

  apply(edits: HeaderEditsConfig): void {
    for (const [name, value] of edits.set) {
      this.#remove(name);
      this.#lines.push({ name, value });
    }
    for (const [name, value] of edits.add) this.#lines.push({ name, value });
    for (const name of edits.remove) this.#remove(name);
  }

  encode(): HeaderEdits | null {
    if (this.#removes.size === 0 && this.#lines.length === 0) return null;
    const text = this.#lines.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
    return {
      removes: [...this.#removes].map((name) => Buffer.from(name)),
      append: Buffer.from(text),
    };
  }

  /** Of the message, and of what earlier edits would have appended. */
  #remove(name: string): void {
    const lower = name.toLowerCase();
    this.#removes.add(lower);
    this.#lines = this.#lines.filter((line) => line.name.toLowerCase() !== lower);
  }
}
