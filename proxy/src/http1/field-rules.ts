/**
 * What the fields that the proxy acts on may say, and what they make of the message: framing,
 * persistence, Host, Expect, Upgrade.
 *
 * Refuses what can be read in two ways (DESIGN, "HTTP is strict") where RFC 9112 §6 would let a
 * recipient choose: a choice is what smuggling needs.
 *
 * Pure. `applyField` runs once per known field, `finish*` once per head. No allocation.
 */
import { isAuthority, sameAuthority } from './authority.ts';
import { LOOKALIKE } from './field-names.ts';
import {
  FIELD,
  type Head,
  METHOD,
  NAME_END,
  NAME_START,
  NO_LENGTH,
  VALUE_END,
  VALUE_START,
} from './head.ts';
import { ascii, COMMA, isBlank, spells } from './octets.ts';
import {
  REFUSED_AUTHORITY,
  REFUSED_AUTHORITY_DIFFERS,
  REFUSED_CODING,
  REFUSED_CODING_IN_OLD_VERSION,
  REFUSED_CONNECTION_OPTION,
  REFUSED_CONTENT_TYPE_TWICE,
  REFUSED_EXPECTATION,
  REFUSED_HOST_MISSING,
  REFUSED_HOST_TWICE,
  REFUSED_LENGTH,
  REFUSED_LENGTH_AND_CODING,
  REFUSED_LENGTH_TWICE,
  REFUSED_LOOKALIKE,
} from './refusals.ts';
import { defaultPort } from './target.ts';

const FIELD_OK = 1;
/** Digits that never leave 2^53 - 1; leading zeros count. */
const LENGTH_DIGITS_MAX = 15;

const CHUNKED = ascii('chunked');
const CLOSE = ascii('close');
const CONTINUE = ascii('100-continue');
const KEEP_ALIVE = ascii('keep-alive');
const TRAILERS = ascii('trailers');
const UPGRADE = ascii('upgrade');
const WEBSOCKET = ascii('websocket');

const OPTION_CLOSE = 1;
const OPTION_KEEP_ALIVE = 2;
const OPTION_UPGRADE = 4;

const FRAMING_FIELDS =
  (1 << FIELD.HOST) | (1 << FIELD.CONTENT_LENGTH) | (1 << FIELD.TRANSFER_ENCODING);

function valueIs(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  return to - from === word.length && spells(bytes, from, word);
}

/** Takes in field `field`, whose id is not 0 and whose value is [from, to). 1, or a refusal. */
export function applyField(
  head: Head,
  bytes: Uint8Array,
  field: number,
  id: number,
  from: number,
  to: number,
): number {
  if (id === LOOKALIKE) return REFUSED_LOOKALIKE;
  const again = (head.seen & (1 << id)) !== 0;
  head.seen |= 1 << id;
  switch (id) {
    case FIELD.HOST:
      return applyHost(head, bytes, field, from, to, again);
    case FIELD.CONTENT_LENGTH:
      if (again) return REFUSED_LENGTH_TWICE;
      head.contentLength = parseLength(bytes, from, to);
      return head.contentLength < 0 ? REFUSED_LENGTH : FIELD_OK;
    case FIELD.TRANSFER_ENCODING:
      head.chunked = !again && valueIs(bytes, from, to, CHUNKED);
      return head.chunked ? FIELD_OK : REFUSED_CODING;
    case FIELD.CONTENT_TYPE:
      return again ? REFUSED_CONTENT_TYPE_TWICE : FIELD_OK;
    case FIELD.TE:
      if (hasMember(bytes, from, to, TRAILERS)) head.teTrailers = true;
      return FIELD_OK;
    case FIELD.EXPECT:
      head.expectContinue = valueIs(bytes, from, to, CONTINUE);
      return FIELD_OK;
    case FIELD.X_REQUEST_ID:
      if (!again) head.requestIdField = field;
      return FIELD_OK;
    case FIELD.TRACEPARENT:
      if (!again) head.traceparentField = field;
      return FIELD_OK;
    default:
      return FIELD_OK;
  }
}

/** Spans are relative to the head, `from` is not: `base` is what lies between. */
function applyHost(
  head: Head,
  bytes: Uint8Array,
  field: number,
  from: number,
  to: number,
  again: boolean,
): number {
  if (again) return REFUSED_HOST_TWICE;
  if (to === from) return REFUSED_HOST_MISSING;
  if (!isAuthority(bytes, from, to)) return REFUSED_AUTHORITY;
  const start = head.spans[field * 4 + VALUE_START]!;
  const end = head.spans[field * 4 + VALUE_END]!;
  if (!head.absoluteForm) {
    head.authorityStart = start;
    head.authorityEnd = end;
    return FIELD_OK;
  }
  const base = from - start;
  const port = defaultPort(head, bytes, base);
  const targetFrom = base + head.authorityStart;
  const targetTo = base + head.authorityEnd;
  return sameAuthority(bytes, from, to, targetFrom, targetTo, port)
    ? FIELD_OK
    : REFUSED_AUTHORITY_DIFFERS;
}

function parseLength(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > LENGTH_DIGITS_MAX) return NO_LENGTH;
  let length = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return NO_LENGTH;
    length = length * 10 + digit;
  }
  return length;
}

/** Whether the comma-separated list [from, to) has the member `word`. */
function hasMember(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  let at = from;
  while (at < to) {
    const stop = memberStop(bytes, at, to);
    const start = memberStart(bytes, at, stop);
    if (valueIs(bytes, start, memberEnd(bytes, start, stop), word)) return true;
    at = stop + 1;
  }
  return false;
}

function memberStop(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== COMMA) at++;
  return at;
}

function memberStart(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop && isBlank(bytes[at])) at++;
  return at;
}

function memberEnd(bytes: Uint8Array, start: number, stop: number): number {
  let at = stop;
  while (at > start && isBlank(bytes[at - 1])) at--;
  return at;
}

/** After the last field of a request. 1, or a refusal. */
export function finishRequest(head: Head, bytes: Uint8Array, base: number): number {
  if (head.version === 11 && (head.seen & (1 << FIELD.HOST)) === 0) return REFUSED_HOST_MISSING;
  const framing = checkFraming(head);
  if (framing < 0) return framing;
  const options = readConnection(head, bytes, base);
  if (options < 0) return options;
  if ((head.seen & (1 << FIELD.EXPECT)) !== 0) {
    if (!head.expectContinue) return REFUSED_EXPECTATION;
    // RFC 9110 §10.1.1: a 1.0 client cannot mean it.
    if (head.version === 10) head.expectContinue = false;
  }
  head.upgradeWebsocket =
    head.version === 11 &&
    head.method === METHOD.GET &&
    head.contentLength <= 0 &&
    !head.chunked &&
    (options & OPTION_UPGRADE) !== 0 &&
    upgradesToWebsocket(head, bytes, base);
  return FIELD_OK;
}

/** After the last field of a response. 1, or a refusal. */
export function finishResponse(head: Head, bytes: Uint8Array, base: number): number {
  const framing = checkFraming(head);
  if (framing < 0) return framing;
  const options = readConnection(head, bytes, base);
  if (options < 0) return options;
  head.upgradeWebsocket =
    head.status === 101 &&
    (options & OPTION_UPGRADE) !== 0 &&
    upgradesToWebsocket(head, bytes, base);
  return FIELD_OK;
}

function checkFraming(head: Head): number {
  if (!head.chunked) return FIELD_OK;
  if (head.contentLength !== NO_LENGTH) return REFUSED_LENGTH_AND_CODING;
  return head.version === 10 ? REFUSED_CODING_IN_OLD_VERSION : FIELD_OK;
}

/** Sets `keepAlive` and marks the named fields. The options that were given, or a refusal. */
function readConnection(head: Head, bytes: Uint8Array, base: number): number {
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

/** Marks fields named [start, end). False: one of them frames or routes the message. */
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
    if (((1 << id) & FRAMING_FIELDS) !== 0) return false;
    if (id === FIELD.OTHER || keepsNoRule(id)) head.ids[field] = FIELD.NAMED_BY_CONNECTION;
  }
  return true;
}

/** Known fields that are dropped anyway keep their id; these are forwarded, so they are marked. */
function keepsNoRule(id: number): boolean {
  return (
    id === FIELD.COOKIE ||
    id === FIELD.DATE ||
    id === FIELD.CONTENT_TYPE ||
    id === FIELD.TRACESTATE ||
    id === FIELD.X_REQUEST_ID ||
    id === FIELD.TRACEPARENT
  );
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

function upgradesToWebsocket(head: Head, bytes: Uint8Array, base: number): boolean {
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
