/**
 * The Connection field: persistence, and which fields are for this hop only (RFC 9110 §7.6.1).
 *
 * Content-Length and Transfer-Encoding may be named: they framed the message on this hop, are not
 * passed on, and the next hop's framing is our own. Whoever obeyed the option before us has taken
 * the field away, so what we see is what framed it. Host is refused: it says who the message is
 * for, and there is no other Host to write in its place.
 *
 * Pure. Called once per head by `field-rules`. No allocation.
 */
import { FIELD, type Head, NAME_END, NAME_START, VALUE_END, VALUE_START } from './head.ts';
import { memberEnd, memberStart, memberStop, valueIs } from './list-members.ts';
import { ascii } from './octets.ts';
import { REFUSED_CONNECTION_OPTION } from './refusals.ts';

const CLOSE = ascii('close');
const KEEP_ALIVE = ascii('keep-alive');
const UPGRADE = ascii('upgrade');
const WEBSOCKET = ascii('websocket');

const OPTION_CLOSE = 1;
const OPTION_KEEP_ALIVE = 2;
export const OPTION_UPGRADE = 4;

/** Known and forwarded; the other known ones are dropped anyway and keep their ids. */
const FORWARDED_FIELDS =
  (1 << FIELD.OTHER) |
  (1 << FIELD.COOKIE) |
  (1 << FIELD.DATE) |
  (1 << FIELD.CONTENT_TYPE) |
  (1 << FIELD.TRACESTATE) |
  (1 << FIELD.X_REQUEST_ID) |
  (1 << FIELD.TRACEPARENT) |
  (1 << FIELD.B3) |
  (1 << FIELD.X_B3) |
  (1 << FIELD.REMORA) |
  (1 << FIELD.TRAILER);

/** Sets `keepAlive` and marks the named fields. The options that were given, or a refusal. */
export function readConnection(head: Head, bytes: Uint8Array, base: number): number {
  let options = 0;
  if ((head.seen & (1 << FIELD.CONNECTION)) !== 0) {
    for (let field = 0; field < head.fieldCount; field++) {
      if (head.ids[field] !== FIELD.CONNECTION) continue;
      const found = connectionOptions(head, bytes, base, field);
      if (found < 0) return found;
      options |= found;
    }
  }
  const wanted = head.version === 11 || (options & OPTION_KEEP_ALIVE) !== 0;
  head.keepAlive = wanted && (options & OPTION_CLOSE) === 0;
  return options;
}

function connectionOptions(head: Head, bytes: Uint8Array, base: number, field: number): number {
  const to = base + head.spans[field * 4 + VALUE_END]!;
  let at = base + head.spans[field * 4 + VALUE_START]!;
  let options = 0;
  while (at < to) {
    const stop = memberStop(bytes, at, to);
    const start = memberStart(bytes, at, stop);
    const end = memberEnd(bytes, start, stop);
    if (valueIs(bytes, start, end, CLOSE)) options |= OPTION_CLOSE;
    else if (valueIs(bytes, start, end, KEEP_ALIVE)) options |= OPTION_KEEP_ALIVE;
    else if (valueIs(bytes, start, end, UPGRADE)) options |= OPTION_UPGRADE;
    else if (end > start && !markNamed(head, bytes, base, start, end)) {
      return REFUSED_CONNECTION_OPTION;
    }
    at = stop + 1;
  }
  return options;
}

/** Marks fields named [start, end). False: one of them routes the message. */
function markNamed(
  head: Head,
  bytes: Uint8Array,
  base: number,
  start: number,
  end: number,
): boolean {
  for (let field = 0; field < head.fieldCount; field++) {
    const nameStart = base + head.spans[field * 4 + NAME_START]!;
    const nameEnd = base + head.spans[field * 4 + NAME_END]!;
    if (!sameName(bytes, start, end, nameStart, nameEnd)) continue;
    const id = head.ids[field]!;
    if (id === FIELD.HOST) return false;
    if (((1 << id) & FORWARDED_FIELDS) !== 0) head.ids[field] = FIELD.NAMED_BY_CONNECTION;
  }
  return true;
}

function sameName(
  bytes: Uint8Array,
  from: number,
  to: number,
  otherFrom: number,
  otherTo: number,
): boolean {
  if (to - from !== otherTo - otherFrom) return false;
  for (let i = 0; i < to - from; i++) {
    const byte = bytes[from + i]!;
    const other = bytes[otherFrom + i]!;
    if (byte === other) continue;
    if ((byte | 0x20) !== (other | 0x20) || (byte | 0x20) < 0x61 || (byte | 0x20) > 0x7a) {
      return false;
    }
  }
  return true;
}

/** One Upgrade field, and it says `websocket` alone. */
export function upgradesToWebsocket(head: Head, bytes: Uint8Array, base: number): boolean {
  let found = false;
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.UPGRADE) continue;
    const from = base + head.spans[field * 4 + VALUE_START]!;
    const to = base + head.spans[field * 4 + VALUE_END]!;
    if (found || !valueIs(bytes, from, to, WEBSOCKET)) return false;
    found = true;
  }
  return found;
}
