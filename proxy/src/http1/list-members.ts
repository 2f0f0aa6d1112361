/**
 * Values that are words or comma-separated lists of words, RFC 9110 §5.6.1, as offsets.
 *
 * Pure leaves of `field-rules`, `connection-options` and `transfer-coding`. No allocation.
 */
import { COMMA, isBlank, spells } from './octets.ts';

/** Whether [from, to) is `word` (lower case) in any case. */
export function valueIs(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  return to - from === word.length && spells(bytes, from, word);
}

/** Whether the comma-separated list [from, to) has the member `word`. */
export function hasMember(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  let at = from;
  while (at < to) {
    const stop = memberStop(bytes, at, to);
    const start = memberStart(bytes, at, stop);
    if (valueIs(bytes, start, memberEnd(bytes, start, stop), word)) return true;
    at = stop + 1;
  }
  return false;
}

/** The comma that ends the member at `from`, or `to`. */
export function memberStop(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== COMMA) at++;
  return at;
}

/** Behind the blanks. */
export function memberStart(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop && isBlank(bytes[at])) at++;
  return at;
}

/** Before the blanks. */
export function memberEnd(bytes: Uint8Array, start: number, stop: number): number {
  let at = stop;
  while (at > start && isBlank(bytes[at - 1])) at--;
  return at;
}
