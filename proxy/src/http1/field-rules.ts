/**
 * What the fields that the proxy acts on may say, and what they make of the message: framing,
 * persistence, Host, Expect, Upgrade.
 *
 * Refuses what can be read in two ways (docs/strictness.md) where RFC 9112 §6 would let a
 * recipient choose: a choice is what smuggling needs.
 *
 * Pure. `applyField` runs once per known field, `finish*` once per head. No allocation.
 */
import { isAuthority, sameAuthority } from './authority.ts';
import { OPTION_UPGRADE, readConnection, upgradesToWebsocket } from './connection-options.ts';
import { readExpectations } from './expectation.ts';
import { LOOKALIKE } from './field-names.ts';
import { FIELD, type Head, METHOD, NO_LENGTH, VALUE_END, VALUE_START } from './head.ts';
import { hasMember } from './list-members.ts';
import { ascii } from './octets.ts';
import {
  REFUSED_AUTHORITY,
  REFUSED_AUTHORITY_DIFFERS,
  REFUSED_CODING,
  REFUSED_CODING_IN_OLD_VERSION,
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
import { applyCoding } from './transfer-coding.ts';

const FIELD_OK = 1;
/** Digits that never leave 2^53 - 1; leading zeros count. */
const LENGTH_DIGITS_MAX = 15;

const TRAILERS = ascii('trailers');

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
      return applyCoding(head, bytes, from, to) ? FIELD_OK : REFUSED_CODING;
    case FIELD.CONTENT_TYPE:
      return again ? REFUSED_CONTENT_TYPE_TWICE : FIELD_OK;
    case FIELD.TE:
      if (hasMember(bytes, from, to, TRAILERS)) head.teTrailers = true;
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

/** After the last field of a request. 1, or a refusal. */
export function finishRequest(head: Head, bytes: Uint8Array, base: number): number {
  if (head.version === 11 && (head.seen & (1 << FIELD.HOST)) === 0) return REFUSED_HOST_MISSING;
  const framing = checkFraming(head);
  if (framing < 0) return framing;
  const options = readConnection(head, bytes, base);
  if (options < 0) return options;
  if ((head.seen & (1 << FIELD.EXPECT)) !== 0) {
    if (!readExpectations(head, bytes, base)) return REFUSED_EXPECTATION;
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
  // RFC 9112 §6.1: only a client that named the coding in TE may get it, and TE is not passed on.
  if (head.codedChunked) return REFUSED_CODING;
  const options = readConnection(head, bytes, base);
  if (options < 0) return options;
  head.upgradeWebsocket =
    head.status === 101 &&
    (options & OPTION_UPGRADE) !== 0 &&
    upgradesToWebsocket(head, bytes, base);
  return FIELD_OK;
}

function checkFraming(head: Head): number {
  if ((head.seen & (1 << FIELD.TRANSFER_ENCODING)) === 0) return FIELD_OK;
  if (head.contentLength !== NO_LENGTH) return REFUSED_LENGTH_AND_CODING;
  if (!head.chunked) return REFUSED_CODING;
  return head.version === 10 ? REFUSED_CODING_IN_OLD_VERSION : FIELD_OK;
}
