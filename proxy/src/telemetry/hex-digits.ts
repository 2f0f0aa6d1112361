/**
 * Ids as hex digits: judged where they lie in a head, and written from bytes.
 *
 * Lower case only: W3C Trace Context and B3 allow nothing else, and an id is compared as text by
 * whoever gets it. Pure. Leaves of `trace-context.ts` and its neighbours. No allocation.
 */
const HEX: Buffer = Buffer.from('0123456789abcdef');
export const NOT_A_DIGIT = 255;
/** Value of a lower-case hex digit, NOT_A_DIGIT for any other byte. */
export const DIGIT: Uint8Array = new Uint8Array(256).fill(NOT_A_DIGIT);
for (let value = 0; value < HEX.length; value++) DIGIT[HEX[value]!] = value;
/** The digits of a byte: a look-up each, and no arithmetic. */
const HIGH: Buffer = Buffer.alloc(256);
const LOW: Buffer = Buffer.alloc(256);
for (let byte = 0; byte < 256; byte++) {
  HIGH[byte] = HEX[byte >> 4]!;
  LOW[byte] = HEX[byte & 15]!;
}

export function isHex(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (DIGIT[bytes[at]!] === NOT_A_DIGIT) return false;
  }
  return true;
}

/** Hex, and not all zero: that means "none" in W3C Trace Context and in B3. */
export function isId(bytes: Uint8Array, from: number, to: number): boolean {
  let any = 0;
  for (let at = from; at < to; at++) {
    const digit = DIGIT[bytes[at]!]!;
    if (digit === NOT_A_DIGIT) return false;
    any |= digit;
  }
  return any !== 0;
}

/** Of eight digits, as an integer without a sign. */
export function readWord(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from; at < from + 8; at++) value = (value << 4) | DIGIT[bytes[at]!]!;
  return value >>> 0;
}

/** Bytes [from, to) as digits; where they end. */
export function writeHex(
  out: Uint8Array,
  start: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  let at = start;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    out[at++] = HIGH[byte]!;
    out[at++] = LOW[byte]!;
  }
  return at;
}

/**
 * Copies [begin, end): ids are too short for a call into the runtime to pay. Hand it Buffers only,
 * as heads and the scratch are: a second kind of array makes every copy slower.
 */
export function copy(
  out: Uint8Array,
  start: number,
  from: Uint8Array,
  begin: number,
  end: number,
): number {
  let at = start;
  for (let i = begin; i < end; i++) out[at++] = from[i]!;
  return at;
}

export function copyAll(out: Uint8Array, start: number, bytes: Uint8Array): number {
  return copy(out, start, bytes, 0, bytes.length);
}
