/**
 * What each byte may be, as tables: the parsers ask one array once per byte and never compare
 * ranges. Names for the bytes that the grammars of RFC 9110 and RFC 9112 name.
 *
 * Pure constants, read by every file of `http1`.
 */
const INT32_MAX = 0x7fff_ffff;
const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
const HASH = 0x23;
export const PERCENT = 0x25;
export const ASTERISK = 0x2a;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUESTION = 0x3f;
export const BRACKET_OPEN = 0x5b;
export const BACKSLASH = 0x5c;
export const BRACKET_CLOSE = 0x5d;

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();

function table(bytes: string, value = 1): Uint8Array {
  const made = new Uint8Array(256);
  for (let i = 0; i < bytes.length; i++) made[bytes.charCodeAt(i)] = value;
  return made;
}

function ranges(...spans: readonly (readonly [number, number])[]): Uint8Array {
  const made = new Uint8Array(256);
  for (const [from, to] of spans) made.fill(1, from, to + 1);
  return made;
}

/** tchar, RFC 9110 §5.6.2. */
export const TOKEN = table(`!#$%&'*+-.^_\`|~${DIGITS}${LOWER}${UPPER}`);
/** tchar without lower case: standard methods are upper case, and `delete` must not pass as new. */
export const METHOD_BYTE = table(`!#$%&'*+-.^_\`|~${DIGITS}${UPPER}`);
/** field-vchar, SP and HTAB, RFC 9110 §5.5. */
export const FIELD_VALUE = ranges([HTAB, HTAB], [SP, 0x7e], [0x80, 0xff]);
/** qdtext, RFC 9110 §5.6.4. */
export const QUOTED = ranges(
  [HTAB, HTAB],
  [SP, 0x21],
  [0x23, BRACKET_OPEN],
  [BRACKET_CLOSE, 0x7e],
  [0x80, 0xff],
);
/** Of a host name, RFC 3986 §3.2.2 reg-name, less the comma and percent escapes (two readings). */
export const HOST_BYTE = table(`-._~!$&'()*+;=${DIGITS}${LOWER}${UPPER}`);
/** Between the brackets of an IPv6 literal. */
export const IPV6_BYTE = table(`:.${DIGITS}abcdefABCDEF`);
/** Never changed by an escape, RFC 3986 §2.3. */
export const UNRESERVED = table(`-._~${DIGITS}${LOWER}${UPPER}`);

/** 0 to 15, or NOT_HEX. */
export const NOT_HEX = 255;
export const HEX_VALUE = hexValues();

function hexValues(): Uint8Array {
  const made = new Uint8Array(256).fill(NOT_HEX);
  for (let i = 0; i < 16; i++) {
    made['0123456789abcdef'.charCodeAt(i)] = i;
    made['0123456789ABCDEF'.charCodeAt(i)] = i;
  }
  return made;
}

/** Bits of TARGET: a byte of a target has one, 1 if it is nothing special; 0 ends the target. */
export const TARGET_ESCAPE = 2;
export const TARGET_DOT = 4;
export const TARGET_QUERY = 8;
export const TARGET_REFUSED = 16;
export const TARGET_BACKSLASH = 32;

/** Visible ASCII and obs-text (forwarded as it is; Envoy and nginx take it too). */
export const TARGET = targetClasses();

function targetClasses(): Uint8Array {
  const made = ranges([0x21, 0x7e], [0x80, 0xff]);
  made[PERCENT] = TARGET_ESCAPE;
  made[DOT] = TARGET_DOT;
  made[QUESTION] = TARGET_QUERY;
  made[HASH] = TARGET_REFUSED;
  made[BACKSLASH] = TARGET_BACKSLASH;
  return made;
}

/** Whether bytes [from, to) begin with the word. */
export function beginsWith(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  if (to - from < word.length) return false;
  for (let at = 0; at < word.length; at++) {
    if (bytes[from + at] !== word[at]) return false;
  }
  return true;
}

export function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

/**
 * The same bytes as words. Memoised: making a view costs more than parsing a head, and the buffers
 * that heads are read from are few and live long.
 */
const views = new WeakMap<Uint8Array, DataView>();

export function viewOf(bytes: Uint8Array): DataView {
  let view = views.get(bytes);
  if (view === undefined) {
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    views.set(bytes, view);
  }
  return view;
}

/** Where the run of FIELD_VALUE bytes that begins at `from` ends: `end` at most. */
export function fieldValueEnd(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  end: number,
): number {
  let at = from;
  // Four bytes at a time: a byte below SP or equal to DEL sets its high bit (three times faster).
  for (const last = end - 4; at <= last; at += 4) {
    const word = view.getInt32(at, true);
    const control = (word - 0x20202020) & ~word;
    const deletes = word ^ 0x7f7f7f7f;
    if (((control | ((deletes - 0x01010101) & ~deletes)) & 0x80808080) !== 0) break;
  }
  const table = FIELD_VALUE;
  for (; at < end; at++) {
    if (table[bytes[at]!] === 0) break;
  }
  return at;
}

/** A whole number that is not negative, in decimal digits; where they end. */
export function writeDecimal(out: Uint8Array, start: number, value: number): number {
  if (value <= INT32_MAX) return writeDigits(out, start, value | 0, digitsOf(value | 0));
  // Below 2^53 both parts are 32-bit integers, whose divisions by ten are multiplications.
  const billions = Math.floor(value / 1e9) | 0;
  const at = writeDigits(out, start, billions, digitsOf(billions));
  return writeDigits(out, at, (value - billions * 1e9) | 0, 9);
}

/** Not by division, which costs more. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

function writeDigits(out: Uint8Array, start: number, value: number, digits: number): number {
  let rest = value;
  for (let at = start + digits - 1; at >= start; at--) {
    const tens = (rest / 10) | 0;
    out[at] = 0x30 + (rest - tens * 10);
    rest = tens;
  }
  return start + digits;
}

/** Whether [from, from + name.length) spells `name` (a-z, 0-9, "-") in any case. */
export function spells(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[from + i]!;
    // Only letters fold: `| 0x20` alone would read CR as "-".
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== name[i]) return false;
  }
  return true;
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
