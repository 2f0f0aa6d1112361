/**
 * Which header field is this: bytes of a name to its FIELD id.
 *
 * A table over first letter and length leaves at most one name to compare with. A Map of strings
 * was refused: making the string costs more than the rest of the field.
 *
 * Pure. Called once per field by the head parser and the trailers. Budget: no allocation.
 */
import { FIELD } from './head.ts';
import { ascii, spells } from './octets.ts';

/** A name that some servers read as a framing field (`content_length`): always refused. */
export const LOOKALIKE = 32;

type Known = readonly [name: string, id: number];

const KNOWN: readonly Known[] = [
  ['host', FIELD.HOST],
  ['connection', FIELD.CONNECTION],
  ['content-length', FIELD.CONTENT_LENGTH],
  ['content-type', FIELD.CONTENT_TYPE],
  ['b3', FIELD.B3],
  ['cookie', FIELD.COOKIE],
  ['transfer-encoding', FIELD.TRANSFER_ENCODING],
  ['te', FIELD.TE],
  ['trailer', FIELD.TRAILER],
  ['traceparent', FIELD.TRACEPARENT],
  ['tracestate', FIELD.TRACESTATE],
  ['upgrade', FIELD.UPGRADE],
  ['expect', FIELD.EXPECT],
  ['keep-alive', FIELD.KEEP_ALIVE],
  ['date', FIELD.DATE],
  ['http2-settings', FIELD.HTTP2_SETTINGS],
  ['x-request-id', FIELD.X_REQUEST_ID],
];
const PROXY_PREFIX = ascii('proxy-');
const REMORA_PREFIX = ascii('x-remora-');
const B3_PREFIX = ascii('x-b3-');
/** Behind the prefix. Too many of a length with `x-request-id` for the table. */
const B3_PARTS = ['traceid', 'spanid', 'sampled', 'flags', 'parentspanid'].map(ascii);
const LETTER_B = 0x62;
const LETTER_P = 0x70;
const LETTER_R = 0x72;
const LETTER_X = 0x78;
/** Of `x-b3-flags`, and of the shortest name that begins with `x-remora-`. */
const X_BYTES_MIN = 10;

/** Longer names are never known, prefixes aside. */
const LENGTH_MAX = 17;
const SLOT_BITS = 5;
/** Index into NAMES by first letter and length, 0: none. No two known names share a slot. */
const SLOTS = new Uint8Array(1 << (SLOT_BITS * 2));
const NAMES: Uint8Array[] = [ascii('')];
/** The whole words of the same names, little-endian. */
const WORDS: Int32Array[] = [new Int32Array(0)];
const IDS: number[] = [FIELD.OTHER];
for (const [name, id] of KNOWN) {
  SLOTS[slot(name.charCodeAt(0), name.length)] = NAMES.length;
  NAMES.push(ascii(name));
  WORDS.push(words(ascii(name)));
  IDS.push(id);
}

function words(name: Uint8Array): Int32Array {
  const view = new DataView(name.buffer);
  return Int32Array.from({ length: name.length >> 2 }, (_, i) => view.getInt32(i * 4, true));
}

/** Letters of either case fall together; what else falls there is sorted out by comparing. */
function slot(first: number, length: number): number {
  return ((first & 0x1f) << SLOT_BITS) | length;
}

/**
 * Whether the token at `from` is name `index`: a word at a time. `| 0x20` folds case and nothing
 * else here, since no two token bytes but the two cases of a letter differ in that bit alone, save
 * `^` and `~`, which no known name has.
 */
function isName(bytes: Uint8Array, view: DataView, from: number, index: number): boolean {
  const expected = WORDS[index]!;
  const name = NAMES[index]!;
  const whole = name.length >> 2;
  for (let i = 0; i < whole; i++) {
    if ((view.getInt32(from + i * 4, true) | 0x20202020) !== expected[i]) return false;
  }
  for (let i = whole * 4; i < name.length; i++) {
    if ((bytes[from + i]! | 0x20) !== name[i]) return false;
  }
  return true;
}

/** The id of the name in [from, to), which holds token bytes only; `view` is of `bytes`. */
export function fieldId(bytes: Uint8Array, view: DataView, from: number, to: number): number {
  const length = to - from;
  const first = bytes[from]!;
  if (length <= LENGTH_MAX) {
    const index = SLOTS[slot(first, length)]!;
    if (index !== 0) {
      const id = IDS[index]!;
      if (isName(bytes, view, from, index)) return id;
      if (isLookalike(bytes, from, NAMES[index]!, id)) return LOOKALIKE;
    }
  }
  const letter = first | 0x20;
  if (letter === LETTER_X) {
    if (length < X_BYTES_MIN) return FIELD.OTHER;
    // Told by one letter first: names in x- are many, and few are ours.
    const third = bytes[from + 2]! | 0x20;
    if (third === LETTER_R && spells(bytes, from, REMORA_PREFIX)) return FIELD.REMORA;
    return third === LETTER_B && isB3Part(bytes, from, to) ? FIELD.X_B3 : FIELD.OTHER;
  }
  if (letter === LETTER_P) {
    return length > 6 && spells(bytes, from, PROXY_PREFIX) ? FIELD.PROXY : FIELD.OTHER;
  }
  return FIELD.OTHER;
}

function isB3Part(bytes: Uint8Array, from: number, to: number): boolean {
  if (!spells(bytes, from, B3_PREFIX)) return false;
  const start = from + B3_PREFIX.length;
  for (let part = 0; part < B3_PARTS.length; part++) {
    const name = B3_PARTS[part]!;
    if (name.length === to - start && spells(bytes, start, name)) return true;
  }
  return false;
}

/** CGI and its heirs make one variable of `content-length` and `content_length`. */
function isLookalike(bytes: Uint8Array, from: number, name: Uint8Array, id: number): boolean {
  if (id !== FIELD.CONTENT_LENGTH && id !== FIELD.TRANSFER_ENCODING) return false;
  const hyphen = id === FIELD.CONTENT_LENGTH ? 7 : 8;
  for (let i = 0; i < name.length; i++) {
    if (i !== hyphen && (bytes[from + i]! | 0x20) !== name[i]) return false;
  }
  const byte = bytes[from + hyphen]!;
  return byte !== HYPHEN && !isAlphanumeric(byte);
}

const HYPHEN = 0x2d;

function isAlphanumeric(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x7a);
}
