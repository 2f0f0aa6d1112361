/**
 * The Keep-Alive field of an answer: how long the server says that it keeps an idle connection.
 *
 *   Keep-Alive: timeout=5, max=100
 *
 * Never standardised past RFC 2068 §19.7.1, yet Node, Apache and nginx send it. What can't be read
 * is as good as absent: it is advice, and frames nothing. `max` is passed over, since a server that
 * has had enough says `Connection: close`.
 *
 * Pure. Called by `net/upstream.ts` once an answer. No allocation.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from './head.ts';
import { memberEnd, memberStart, memberStop } from './list-members.ts';
import { ascii, spells } from './octets.ts';

export const NO_TIMEOUT = -1;

const TIMEOUT = ascii('timeout=');
/** More digits are no time-out that anybody waits for. */
const DIGITS_MAX = 9;

/** In milliseconds, or NO_TIMEOUT. The head lies in its slab. */
export function keepAliveTimeoutMs(head: Head): number {
  if ((head.seen & (1 << FIELD.KEEP_ALIVE)) === 0) return NO_TIMEOUT;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.KEEP_ALIVE) continue;
    const seconds = timeoutOf(
      head.slab,
      spanOf(head, field, VALUE_START),
      spanOf(head, field, VALUE_END),
    );
    if (seconds !== NO_TIMEOUT) return seconds * 1_000;
  }
  return NO_TIMEOUT;
}

function spanOf(head: Head, field: number, which: number): number {
  return head.spans[field * 4 + which]!;
}

function timeoutOf(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const stop = memberStop(bytes, at, to);
    const start = memberStart(bytes, at, stop);
    const end = memberEnd(bytes, start, stop);
    if (end - start > TIMEOUT.length && spells(bytes, start, TIMEOUT)) {
      return digits(bytes, start + TIMEOUT.length, end);
    }
    at = stop + 1;
  }
  return NO_TIMEOUT;
}

function digits(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > DIGITS_MAX) return NO_TIMEOUT;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return NO_TIMEOUT;
    value = value * 10 + digit;
  }
  return value;
}
