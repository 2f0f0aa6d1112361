/**
 * Transfer-Encoding: codings that end in one `chunked` (RFC 9112 §6.1).
 *
 * Nearly always that is `chunked` alone. Registered codings before it are passed on, since the body
 * stays coded; `identity` codes nothing and is left out; any other word is refused. Whoever does
 * not know a coding may lose the body's end, so the writer lets such a request end its connection.
 *
 * Pure. Called by `field-rules` and the head writer. No allocation.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from './head.ts';
import { memberEnd, memberStart, memberStop, valueIs } from './list-members.ts';
import { ascii, COMMA, SP } from './octets.ts';

const CHUNKED = ascii('chunked');
const IDENTITY = ascii('identity');
const CODINGS: readonly Uint8Array[] = ['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'].map(
  ascii,
);

/** Takes one field's list in. False: refused. */
export function applyCoding(head: Head, bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  do {
    const stop = memberStop(bytes, at, to);
    const start = memberStart(bytes, at, stop);
    const end = memberEnd(bytes, start, stop);
    if (head.chunked) return false; // Nothing may come behind it.
    if (valueIs(bytes, start, end, CHUNKED)) head.chunked = true;
    else if (isCoding(bytes, start, end)) head.codedChunked = true;
    else if (!valueIs(bytes, start, end, IDENTITY)) return false;
    at = stop + 1;
  } while (at <= to);
  return true;
}

function isCoding(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = 0; i < CODINGS.length; i++) {
    if (valueIs(bytes, start, end, CODINGS[i]!)) return true;
  }
  return false;
}

/** Writes the codings before `chunked`, each with its comma. */
export function writeCodings(out: Uint8Array, start: number, head: Head): number {
  const slab = head.slab;
  let write = start;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.TRANSFER_ENCODING) continue;
    const to = head.spans[field * 4 + VALUE_END]!;
    let at = head.spans[field * 4 + VALUE_START]!;
    while (at < to) {
      const stop = memberStop(slab, at, to);
      const from = memberStart(slab, at, stop);
      const end = memberEnd(slab, from, stop);
      if (isCoding(slab, from, end)) {
        for (let i = from; i < end; i++) out[write++] = slab[i]! | 0x20;
        out[write++] = COMMA;
        out[write++] = SP;
      }
      at = stop + 1;
    }
  }
  return write;
}
