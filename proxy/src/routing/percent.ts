/**
 * Percent-decoding of query bytes, one at a time, so that comparing builds nothing (RFC 3986 §2.1).
 *
 * A `%` that no two hex digits follow stands for itself: a query is opaque to a proxy, and refusing
 * one would break applications that never decode. Paths are canonical before routing sees them.
 *
 * Pure. Used by `conditions.ts`.
 */
const PERCENT = 0x25;

/** The byte that is spelled at `at`, plainly or percent-encoded. */
export function decodedByteAt(bytes: Uint8Array, at: number, end: number): number {
  if (encodedLength(bytes, at, end) === 1) return bytes[at]!;
  return hexValue(bytes[at + 1]!) * 16 + hexValue(bytes[at + 2]!);
}

/** How many bytes spell the one at `at`: 3 when percent-encoded, else 1. */
export function encodedLength(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== PERCENT || at + 2 >= end) return 1;
  return hexValue(bytes[at + 1]!) >= 0 && hexValue(bytes[at + 2]!) >= 0 ? 3 : 1;
}

/** The bytes [start, end) decoded, as text. Allocates. */
export function decodedText(bytes: Uint8Array, start: number, end: number): string {
  const decoded = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at += encodedLength(bytes, at, end)) {
    decoded[length++] = decodedByteAt(bytes, at, end);
  }
  return decoded.toString('utf8', 0, length);
}

export function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text);
  const decoded: number[] = [];
  for (let at = 0; at < bytes.length; at += encodedLength(bytes, at, bytes.length)) {
    decoded.push(decodedByteAt(bytes, at, bytes.length));
  }
  return Buffer.from(decoded);
}

/** -1: not a hex digit. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
