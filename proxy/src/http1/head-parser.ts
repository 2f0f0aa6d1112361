/**
 * Reads request and response heads to the strict grammar of RFC 9112, into offsets.
 *
 * One pass, a table look-up per byte, no strings: linear whatever the sender does and wherever the
 * network cuts. A line that was cut is read again only once its LF has come, so each byte is looked
 * at no more than three times. A line is judged when it is whole, or at first sight.
 *
 * Pure. Called by `net` with the shared read buffer, then with the head's slab if it was cut; the
 * path is rewritten where it was read. Budget: no allocation, 0.4 µs for 8 fields (`bench/hop`).
 */
import * as limits from '../limits.ts';
import { fieldId } from './field-names.ts';
import { applyField, finishRequest, finishResponse } from './field-rules.ts';
import {
  FIELDS_CAPACITY,
  FIELD,
  type Head,
  NAME_END,
  NAME_START,
  VALUE_END,
  VALUE_START,
} from './head.ts';
import { methodId } from './methods.ts';
import { COLON, CR, fieldValueEnd, isBlank, LF, SP, TARGET, TOKEN, viewOf } from './octets.ts';
import {
  REFUSED_BARE_LF,
  REFUSED_FIELD_NAME,
  REFUSED_FIELD_TOO_LONG,
  REFUSED_FIELD_VALUE,
  REFUSED_LINE_END,
  REFUSED_METHOD_SYNTAX,
  REFUSED_OBS_FOLD,
  REFUSED_SPACE_BEFORE_COLON,
  REFUSED_STATUS,
  REFUSED_STATUS_LINE,
  REFUSED_TARGET_BYTE,
  REFUSED_TOO_MANY_FIELDS,
  REFUSED_URI_TOO_LONG,
  REFUSED_VERSION,
} from './refusals.ts';
import { readTarget } from './target.ts';

export const PARSE_OK = 1;
export const PARSE_INCOMPLETE = 0;

const VERSION = Uint8Array.from('HTTP/1.', (char) => char.charCodeAt(0));
/** `HTTP/1.1` and CRLF. */
const VERSION_LINE_BYTES = VERSION.length + 3;

/**
 * PARSE_OK: the head is `bytes[base .. base + head.length)`. PARSE_INCOMPLETE: collect them and
 * call again with them from the same `base`. Negative: refused, see `refusals.ts`.
 */
export function parseRequestHead(head: Head, bytes: Uint8Array, base: number, end: number): number {
  if (!mayResume(head, bytes, base, end)) return incomplete(head, base, end);
  if (head.methodEnd === 0) {
    const line = readRequestLine(head, bytes, base, end);
    if (line <= 0) return line === PARSE_INCOMPLETE ? incomplete(head, base, end) : line;
  }
  const fields = readFields(head, bytes, base, end);
  if (fields === PARSE_OK) return finishRequest(head, bytes, base);
  return fields === PARSE_INCOMPLETE ? incomplete(head, base, end) : fields;
}

/** As `parseRequestHead`, for what an upstream sends. */
export function parseResponseHead(
  head: Head,
  bytes: Uint8Array,
  base: number,
  end: number,
): number {
  if (!mayResume(head, bytes, base, end)) return incomplete(head, base, end);
  if (head.status === 0) {
    const line = readStatusLine(head, bytes, base, end);
    if (line <= 0) return line === PARSE_INCOMPLETE ? incomplete(head, base, end) : line;
  }
  const fields = readFields(head, bytes, base, end);
  if (fields === PARSE_OK) return finishResponse(head, bytes, base);
  return fields === PARSE_INCOMPLETE ? incomplete(head, base, end) : fields;
}

/** Whether there is something new to read: always at first, then once another LF has come. */
function mayResume(head: Head, bytes: Uint8Array, base: number, end: number): boolean {
  if (head.searchedTo <= head.resumeAt) return true;
  for (let at = base + head.searchedTo; at < end; at++) {
    if (bytes[at] === LF) return true;
  }
  return false;
}

/** The current line has no end yet; it may already be too long to get one. */
function incomplete(head: Head, base: number, end: number): number {
  head.searchedTo = end - base;
  const length = head.searchedTo - head.resumeAt;
  if (head.methodEnd === 0 && head.status === 0) {
    return length > limits.targetBytesMax ? REFUSED_URI_TOO_LONG : PARSE_INCOMPLETE;
  }
  return length > limits.fieldBytesMax ? REFUSED_FIELD_TOO_LONG : PARSE_INCOMPLETE;
}

function readRequestLine(head: Head, bytes: Uint8Array, base: number, end: number): number {
  let at = base + head.resumeAt;
  if (at < end && bytes[at] === CR && head.resumeAt === 0) {
    // RFC 9112 §2.2: one empty line before a request is ignored.
    if (at + 1 >= end) return PARSE_INCOMPLETE;
    if (bytes[at + 1] !== LF) return REFUSED_LINE_END;
    at += 2;
    head.resumeAt = 2;
  }
  const methodStart = at;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  const methodEnd = at;
  if (methodEnd - methodStart > limits.methodBytesMax) return REFUSED_METHOD_SYNTAX;
  if (at >= end) return PARSE_INCOMPLETE;
  if (bytes[at] !== SP || methodEnd === methodStart) {
    const isEmpty = bytes[at] === LF && methodEnd === methodStart;
    return isEmpty ? REFUSED_BARE_LF : REFUSED_METHOD_SYNTAX;
  }
  const method = methodId(bytes, methodStart, methodEnd);
  if (method < 0) return method;

  const targetStart = ++at;
  const classes = TARGET;
  let bits = 0;
  for (; at < end; at++) {
    const bit = classes[bytes[at]!]!;
    if (bit === 0) break;
    bits |= bit;
  }
  const targetBytes = at - targetStart;
  if (targetBytes > limits.targetBytesMax) return REFUSED_URI_TOO_LONG;
  if (at >= end) return PARSE_INCOMPLETE;
  if (bytes[at] !== SP) return bytes[at] === CR ? REFUSED_VERSION : REFUSED_TARGET_BYTE;
  const version = readVersion(bytes, at + 1, end);
  if (version <= 0) return version;
  if (version === 10 && targetBytes > limits.oldTargetBytesMax) return REFUSED_URI_TOO_LONG;

  head.method = method;
  head.targetStart = targetStart - base;
  head.targetEnd = at - base;
  head.version = version;
  const target = readTarget(head, bytes, base, bits);
  if (target < 0) return target;
  head.methodStart = methodStart - base;
  head.methodEnd = methodEnd - base;
  head.resumeAt = at + 1 + VERSION_LINE_BYTES - base;
  return PARSE_OK;
}

/** `HTTP/1.0` or `HTTP/1.1` and CRLF: 10 or 11, PARSE_INCOMPLETE, or a refusal. */
function readVersion(bytes: Uint8Array, from: number, end: number): number {
  const minor = readVersionName(bytes, from, end);
  if (minor <= 0) return minor;
  const at = from + VERSION.length + 1;
  if (at >= end) return PARSE_INCOMPLETE;
  if (bytes[at] !== CR) return bytes[at] === LF ? REFUSED_BARE_LF : REFUSED_VERSION;
  if (at + 1 >= end) return PARSE_INCOMPLETE;
  return bytes[at + 1] === LF ? minor : REFUSED_LINE_END;
}

/** 10 or 11, PARSE_INCOMPLETE, or a refusal. */
function readVersionName(bytes: Uint8Array, from: number, end: number): number {
  for (let i = 0; i < VERSION.length; i++) {
    if (from + i >= end) return PARSE_INCOMPLETE;
    if (bytes[from + i] !== VERSION[i]) return REFUSED_VERSION;
  }
  const at = from + VERSION.length;
  if (at >= end) return PARSE_INCOMPLETE;
  const minor = bytes[at]! - 0x30;
  return minor === 0 || minor === 1 ? 10 + minor : REFUSED_VERSION;
}

function readStatusLine(head: Head, bytes: Uint8Array, base: number, end: number): number {
  const start = base + head.resumeAt;
  const version = readVersionName(bytes, start, end);
  if (version <= 0) return version;
  let at = start + VERSION.length + 1;
  if (at + 4 >= end) return PARSE_INCOMPLETE;
  if (bytes[at] !== SP) return REFUSED_STATUS_LINE;
  let status = 0;
  for (let i = 1; i <= 3; i++) {
    const digit = bytes[at + i]! - 0x30;
    if (digit < 0 || digit > 9) return REFUSED_STATUS_LINE;
    status = status * 10 + digit;
  }
  at += 4;
  // RFC 9112 §4 wants the space even without a reason; many servers leave it out, and CR is clear.
  if (bytes[at] === SP) at++;
  else if (bytes[at] !== CR) return REFUSED_STATUS_LINE;
  const reasonStart = at;
  at = fieldValueEnd(bytes, viewOf(bytes), at, end);
  if (at - start > limits.fieldBytesMax) return REFUSED_FIELD_TOO_LONG;
  if (at + 1 >= end) return PARSE_INCOMPLETE;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return REFUSED_STATUS_LINE;
  if (status < 100 || status > 599) return REFUSED_STATUS;
  head.version = version;
  head.status = status;
  head.reasonStart = reasonStart - base;
  head.reasonEnd = at - base;
  head.resumeAt = at + 2 - base;
  return PARSE_OK;
}

/** Reads whole field lines up to and with the empty one. */
function readFields(head: Head, bytes: Uint8Array, base: number, end: number): number {
  const spans = head.spans;
  const token = TOKEN;
  const view = viewOf(bytes);
  let at = base + head.resumeAt;
  for (;;) {
    const lineStart = at;
    for (; at < end; at++) {
      if (token[bytes[at]!] === 0) break;
    }
    if (at >= end) return PARSE_INCOMPLETE;
    if (bytes[at] !== COLON || at === lineStart) {
      return at === lineStart && bytes[at] === CR
        ? endOfHead(head, bytes, base, at, end)
        : nameRefusal(bytes, lineStart, at);
    }
    const nameEnd = at++;
    if (at < end && bytes[at] === SP) at++;
    while (at < end && isBlank(bytes[at])) at++;
    const valueStart = at;
    at = fieldValueEnd(bytes, view, at, end);
    if (at - lineStart > limits.fieldBytesMax) return REFUSED_FIELD_TOO_LONG;
    if (at + 1 >= end) return PARSE_INCOMPLETE;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return valueRefusal(bytes, at);
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;

    const field = head.fieldCount;
    if (field >= limits.headFieldsMax && isTooMany(head)) return REFUSED_TOO_MANY_FIELDS;
    const id = fieldId(bytes, view, lineStart, nameEnd);
    const span = field * 4;
    spans[span + NAME_START] = lineStart - base;
    spans[span + NAME_END] = nameEnd - base;
    spans[span + VALUE_START] = valueStart - base;
    spans[span + VALUE_END] = valueEnd - base;
    head.ids[field] = id;
    if (id !== FIELD.OTHER) {
      const applied = applyField(head, bytes, field, id, valueStart, valueEnd);
      if (applied < 0) return applied;
    }
    head.fieldCount = field + 1;
    at += 2;
    head.resumeAt = at - base;
  }
}

function endOfHead(head: Head, bytes: Uint8Array, base: number, at: number, end: number): number {
  if (at + 1 >= end) return PARSE_INCOMPLETE;
  if (bytes[at + 1] !== LF) return REFUSED_LINE_END;
  head.length = at + 2 - base;
  return PARSE_OK;
}

function nameRefusal(bytes: Uint8Array, lineStart: number, at: number): number {
  const byte = bytes[at];
  if (byte === CR || byte === LF) return REFUSED_LINE_END;
  if (isBlank(byte)) return at === lineStart ? REFUSED_OBS_FOLD : REFUSED_SPACE_BEFORE_COLON;
  return REFUSED_FIELD_NAME;
}

function valueRefusal(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  return byte === CR || byte === LF ? REFUSED_LINE_END : REFUSED_FIELD_VALUE;
}

const ADDED =
  (1 << FIELD.HOST) |
  (1 << FIELD.CONNECTION) |
  (1 << FIELD.CONTENT_LENGTH) |
  (1 << FIELD.TRANSFER_ENCODING) |
  (1 << FIELD.TE) |
  (1 << FIELD.EXPECT) |
  (1 << FIELD.X_REQUEST_ID) |
  (1 << FIELD.TRACEPARENT) |
  (1 << FIELD.B3) |
  (1 << FIELD.X_B3) |
  (1 << FIELD.REMORA);

/** Whether one more field is too many. What a proxy adds is not the client's doing. */
function isTooMany({ fieldCount, ids }: Head): boolean {
  if (fieldCount >= FIELDS_CAPACITY) return true;
  let added = 0;
  for (let field = 0; field < fieldCount; field++) added += (ADDED >>> ids[field]!) & 1;
  return fieldCount - added >= limits.headFieldsMax;
}
