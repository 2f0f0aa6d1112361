/**
 * Whether a request's `tracestate` goes on: all of it as it came, or none of it.
 *
 * It belongs to the traceparent that came with it, so it goes only where that is continued. One
 * member that breaks the grammar, or one too many, makes the whole list invalid (W3C Trace Context
 * §3.3, level 2). A key given twice stays: the text lets us, and we add no member of our own.
 * Several fields stay several, in order: RFC 9110 §5.3 gives them one meaning.
 *
 * Pure. Called by `exchange/request-message.ts`. A head without the field pays one test of a bit.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { ORIGIN } from '../http1/head-trace.ts';
import { memberEnd, memberStart, memberStop } from '../http1/list-members.ts';
import { traceOf } from './incoming-trace.ts';

/** Of all fields together, empty ones not counted. */
const MEMBERS_MAX = 32;
const KEY_BYTES_MAX = 256;
const VALUE_BYTES_MAX = 256;
const TOO_MANY: number = MEMBERS_MAX + 1;

const EQUALS = 0x3d;
const COMMA = 0x2c;

/** Classes of a byte, as bits. */
const KEY_START = 1;
const KEY = 2;
const VALUE = 4;
const CLASSES: Uint8Array = new Uint8Array(256);
for (let byte = 0x20; byte <= 0x7e; byte++) {
  const isLetterOrDigit = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
  if (isLetterOrDigit) CLASSES[byte] = KEY_START | KEY;
  if (byte !== COMMA && byte !== EQUALS) CLASSES[byte]! |= VALUE;
}
for (const char of '_-*/@') CLASSES[char.charCodeAt(0)]! |= KEY;

export function keepsTraceState(head: Head): boolean {
  if ((head.seen & (1 << FIELD.TRACESTATE)) === 0) return false;
  if (traceOf(head).origin !== ORIGIN.TRACEPARENT) return false;
  let members = 0;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.TRACESTATE) continue;
    members += countMembers(
      head.slab,
      head.spans[field * 4 + VALUE_START]!,
      head.spans[field * 4 + VALUE_END]!,
    );
    if (members > MEMBERS_MAX) return false;
  }
  return members > 0;
}

/** Of one field; TOO_MANY where one of them cannot be read. */
function countMembers(slab: Uint8Array, from: number, to: number): number {
  let members = 0;
  for (let at = from; at < to; ) {
    const stop = memberStop(slab, at, to);
    const start = memberStart(slab, at, stop);
    const end = memberEnd(slab, start, stop);
    if (end > start) {
      if (!isMember(slab, start, end)) return TOO_MANY;
      members++;
    }
    at = stop + 1;
  }
  return members;
}

/** `key=value`; no blank at its end, since the list's blanks are not its own. */
function isMember(slab: Uint8Array, start: number, end: number): boolean {
  if ((CLASSES[slab[start]!]! & KEY_START) === 0) return false;
  let at = start + 1;
  while (at < end && (CLASSES[slab[at]!]! & KEY) !== 0) at++;
  if (at - start > KEY_BYTES_MAX || at === end || slab[at] !== EQUALS) return false;
  const valueStart = ++at;
  while (at < end && (CLASSES[slab[at]!]! & VALUE) !== 0) at++;
  return at === end && end > valueStart && end - valueStart <= VALUE_BYTES_MAX;
}
