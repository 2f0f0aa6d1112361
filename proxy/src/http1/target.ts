/**
 * The request target: its form, its authority, its canonical path and its query.
 *
 * The path is made canonical in place, where it was read: unreserved characters decoded, hex upper
 * case, dot segments removed (RFC 3986 §6.2.2); that never grows. So what is routed, judged and
 * forwarded are the same bytes. Merging `//` or decoding %2F was refused: both change what the
 * server means. The query keeps every byte.
 *
 * Pure. Called by the head parser once the target's end is known. Budget: no allocation.
 */
import { isAuthority } from './authority.ts';
import { type Head, METHOD } from './head.ts';
import {
  ASTERISK,
  ascii,
  BACKSLASH,
  COLON,
  DOT,
  HEX_VALUE,
  NOT_HEX,
  PERCENT,
  QUESTION,
  SLASH,
  spells,
  TARGET_BACKSLASH,
  TARGET_DOT,
  TARGET_ESCAPE,
  TARGET_QUERY,
  TARGET_REFUSED,
  UNRESERVED,
} from './octets.ts';
import {
  REFUSED_AUTHORITY,
  REFUSED_BACKSLASH,
  REFUSED_ESCAPE,
  REFUSED_FRAGMENT,
  REFUSED_PATH_NUL,
  REFUSED_TARGET_BYTE,
  REFUSED_TARGET_FORM,
} from './refusals.ts';

const TARGET_OK = 1;
const HTTP_SCHEME = ascii('http://');
const HTTPS_SCHEME = ascii('https://');
const NUL = 0x00;

/**
 * Fills path, query and authority from the target span. `bits` are the span's. 1, or a refusal.
 * Rewrites the path in `bytes`; spans stay relative to `base`.
 */
export function readTarget(head: Head, bytes: Uint8Array, base: number, bits: number): number {
  if (bits === 0) return REFUSED_TARGET_BYTE;
  if ((bits & TARGET_REFUSED) !== 0) return REFUSED_FRAGMENT;
  const from = base + head.targetStart;
  const to = base + head.targetEnd;
  const first = bytes[from];
  if (first === SLASH) return readPath(head, bytes, base, from, to, bits);
  if (first === ASTERISK && to - from === 1) {
    if (head.method !== METHOD.OPTIONS) return REFUSED_TARGET_FORM;
    return setPath(head, from - base, to - base);
  }
  return readAbsolute(head, bytes, base, from, to, bits);
}

/** A path without a query. */
function setPath(head: Head, start: number, end: number): number {
  head.pathStart = start;
  head.pathEnd = end;
  head.hasQuery = false;
  head.queryStart = end;
  head.queryEnd = end;
  return TARGET_OK;
}

function readPath(
  head: Head,
  bytes: Uint8Array,
  base: number,
  from: number,
  to: number,
  bits: number,
): number {
  let pathTo = to;
  if ((bits & TARGET_QUERY) !== 0) {
    pathTo = from;
    while (pathTo < to && bytes[pathTo] !== QUESTION) pathTo++;
  }
  let end = pathTo;
  if ((bits & (TARGET_ESCAPE | TARGET_DOT | TARGET_BACKSLASH)) !== 0) {
    const need = rewriteNeed(bytes, from, pathTo);
    if (need < 0) return need;
    if (need > 0) end = canonicalPath(bytes, from, pathTo);
    if (end < 0) return end;
  }
  head.pathStart = from - base;
  head.pathEnd = end - base;
  head.hasQuery = pathTo < to;
  head.queryStart = head.hasQuery ? pathTo + 1 - base : head.pathEnd;
  head.queryEnd = head.hasQuery ? to - base : head.pathEnd;
  return TARGET_OK;
}

/** 0: the path is canonical as it is; 1: it is not; negative: refused. */
function rewriteNeed(bytes: Uint8Array, from: number, to: number): number {
  let need = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) return REFUSED_BACKSLASH;
    if (byte === PERCENT || (byte === DOT && bytes[at - 1] === SLASH)) need = 1;
  }
  return need;
}

/** Makes the path [from, to), which begins with a slash, canonical. Its new end, or a refusal. */
export function canonicalPath(bytes: Uint8Array, from: number, to: number): number {
  let write = from + 1;
  let segment = write;
  let read = write;
  while (read < to) {
    const byte = bytes[read]!;
    if (byte === SLASH) {
      const kept = endSegment(bytes, from, segment, write);
      // A dot segment went: the slash before it is already there.
      if (kept === write) bytes[write++] = SLASH;
      else write = kept;
      segment = write;
      read++;
    } else if (byte === PERCENT) {
      const value = escapeValue(bytes, read, to);
      if (value < 0) return value;
      if (UNRESERVED[value] === 1) {
        bytes[write++] = value;
      } else {
        bytes[write++] = PERCENT;
        bytes[write++] = upperHex(bytes[read + 1]!);
        bytes[write++] = upperHex(bytes[read + 2]!);
      }
      read += 3;
    } else {
      bytes[write++] = byte;
      read++;
    }
  }
  return endSegment(bytes, from, segment, write);
}

/** Drops the segment [segment, write) if it is `.`, and the one before it too if it is `..`. */
function endSegment(bytes: Uint8Array, from: number, segment: number, write: number): number {
  const length = write - segment;
  if (length === 0 || length > 2 || bytes[segment] !== DOT) return write;
  if (length === 1) return segment;
  if (bytes[segment + 1] !== DOT) return write;
  let before = segment - 2;
  while (before > from && bytes[before] !== SLASH) before--;
  return before < from ? segment : before + 1;
}

/** Of the escape at `at`, or a refusal. */
function escapeValue(bytes: Uint8Array, at: number, to: number): number {
  if (at + 2 >= to) return REFUSED_ESCAPE;
  const high = HEX_VALUE[bytes[at + 1]!]!;
  const low = HEX_VALUE[bytes[at + 2]!]!;
  if (high === NOT_HEX || low === NOT_HEX) return REFUSED_ESCAPE;
  const value = high * 16 + low;
  if (value === NUL) return REFUSED_PATH_NUL;
  return value === BACKSLASH ? REFUSED_BACKSLASH : value;
}

function upperHex(byte: number): number {
  return byte >= 0x61 ? byte - 0x20 : byte;
}

function readAbsolute(
  head: Head,
  bytes: Uint8Array,
  base: number,
  from: number,
  to: number,
  bits: number,
): number {
  const scheme = schemeLength(bytes, from, to);
  if (scheme === 0) return REFUSED_TARGET_FORM;
  const authorityFrom = from + scheme;
  let at = authorityFrom;
  while (at < to && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
  if (!isAuthority(bytes, authorityFrom, at)) return REFUSED_AUTHORITY;
  head.absoluteForm = true;
  head.authorityStart = authorityFrom - base;
  head.authorityEnd = at - base;
  if (at < to && bytes[at] === SLASH) return readPath(head, bytes, base, at, to, bits);
  // No path: the second slash of the scheme stands for it, so that the path has a byte of its own.
  const slash = authorityFrom - 1;
  setPath(head, slash - base, slash + 1 - base);
  if (at < to) {
    head.hasQuery = true;
    head.queryStart = at + 1 - base;
    head.queryEnd = to - base;
  } else if (head.method === METHOD.OPTIONS) {
    bytes[slash] = ASTERISK; // RFC 9112 §3.2.4: the last proxy sends the asterisk form.
  }
  return TARGET_OK;
}

function schemeLength(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > HTTP_SCHEME.length && spells(bytes, from, HTTP_SCHEME)) {
    return HTTP_SCHEME.length;
  }
  if (to - from > HTTPS_SCHEME.length && spells(bytes, from, HTTPS_SCHEME)) {
    return HTTPS_SCHEME.length;
  }
  return 0;
}

/** The port that an absolute target means where it names none. */
export function defaultPort(head: Head, bytes: Uint8Array, base: number): string {
  return bytes[base + head.targetStart + HTTP_SCHEME.length - 3] === COLON ? '80' : '443';
}
