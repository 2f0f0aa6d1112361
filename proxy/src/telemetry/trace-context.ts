/**
 * The two fields that name a request: `x-request-id`, and `traceparent` (W3C Trace Context).
 *
 * A valid parent is continued under a new span id; anything else starts a new trace. Both ids are
 * drawn once for a request and kept with its head, so that every attempt, the error answer and the
 * log say the same; without a parent the request id, its dashes apart, is the trace id.
 *
 * Impure only in chance, from a pool that `IdSource` fills. Called by `exchange/request-message.ts`
 * and `local-answer.ts`. Budget: no allocation in `writeTraceFields`, but once for each head.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import type { IdSource } from './id-source.ts';

export type { IdSource } from './id-source.ts';

/** A given x-request-id beyond this is replaced. */
export const REQUEST_ID_BYTES_MAX = 128;
/** Length of a `traceparent` of version 00. */
const PARENT_BYTES = 55;
const ID_BYTES = 36;

const REQUEST_ID_NAME = Buffer.from('x-request-id: ');
const PARENT_NAME = Buffer.from('traceparent: 00-');

/** Upper bound of what `writeRequestId` writes. */
export const REQUEST_ID_FIELD_BYTES_MAX = REQUEST_ID_NAME.length + REQUEST_ID_BYTES_MAX + 2;
/** Upper bound of what `writeTraceFields` writes. */
export const TRACE_FIELDS_BYTES_MAX =
  REQUEST_ID_NAME.length + REQUEST_ID_BYTES_MAX + 2 + PARENT_NAME.length + PARENT_BYTES - 3 + 2;

const DASH = 0x2d;
const ZERO = 0x30;
const LOWER_F = 0x66;
const CR = 0x0d;
const LF = 0x0a;
/** Sampled, and random trace id: the flags that are defined. */
const KNOWN_FLAGS = 0x03;
const SAMPLED = 0x01;
const SPAN_BYTES = 8;

/** Offsets within a `traceparent`. */
const TRACE_AT = 3;
const SPAN_AT = 36;
const FLAGS_AT = 53;

const HEX: Buffer = Buffer.from('0123456789abcdef');
/** Value of a lower-case hex digit, 255 for any other byte. */
const DIGIT: Uint8Array = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) DIGIT[HEX[value]!] = value;

/** Writes both fields, each with its line end, and returns where they end. */
export function writeTraceFields(
  out: Buffer,
  start: number,
  head: Head,
  ids: IdSource,
  span: Uint8Array,
): number {
  const slab = head.slab;
  let at = writeRequestId(out, start, head, ids);
  at = copyAll(out, at, PARENT_NAME);
  let flags: number;
  if (continuesTrace(head)) {
    const from = head.spans[head.traceparentField * 4 + VALUE_START]!;
    at = copy(out, at, slab, from + TRACE_AT, from + SPAN_AT - 1);
    flags = DIGIT[slab[from + FLAGS_AT + 1]!]! & KNOWN_FLAGS;
  } else {
    const seed = ids.seedOf(head);
    at = writeHex(out, at, seed, 0, seed.length);
    flags = ids.samples(seed) ? 1 : 0;
  }
  out[at++] = DASH;
  ids.fillSpanId(span);
  at = writeHex(out, at, span, 0, span.length);
  out[at++] = DASH;
  out[at++] = ZERO;
  out[at++] = ZERO + flags;
  out[at++] = CR;
  out[at++] = LF;
  return at;
}

/** The field that a request goes by, in both directions. */
export function writeRequestId(out: Buffer, start: number, head: Head, ids: IdSource): number {
  let at = copyAll(out, start, REQUEST_ID_NAME);
  if (keepsRequestId(head)) {
    const field = head.requestIdField * 4;
    at = copy(out, at, head.slab, head.spans[field + VALUE_START]!, head.spans[field + VALUE_END]!);
  } else {
    at = writeUuid(out, at, ids.seedOf(head));
  }
  out[at++] = CR;
  out[at++] = LF;
  return at;
}

/** Whether its spans are exported whatever becomes of it: what the flags that go out say. */
export function isSampled(head: Head, ids: IdSource): boolean {
  if (!continuesTrace(head)) return ids.samples(ids.seedOf(head));
  const from = head.spans[head.traceparentField * 4 + VALUE_START]!;
  return (DIGIT[head.slab[from + FLAGS_AT + 1]!]! & SAMPLED) !== 0;
}

/** 32 hex digits. Allocates, as the following do. */
export function traceIdText(head: Head, ids: IdSource): string {
  if (!continuesTrace(head)) return Buffer.from(ids.seedOf(head)).toString('hex');
  const start = traceIdStart(head);
  return head.text(start, start + SPAN_AT - 1 - TRACE_AT);
}

/** Of the span that the request came from; '': it came from none. */
export function parentSpanIdText(head: Head): string {
  if (!continuesTrace(head)) return '';
  const from = head.spans[head.traceparentField * 4 + VALUE_START]!;
  return head.text(from + SPAN_AT, from + FLAGS_AT - 1);
}

export function spanIdText(span: Uint8Array): string {
  return Buffer.from(span).toString('hex');
}

/** Of a span that nobody was told of yet. */
export function newSpanIdText(ids: IdSource): string {
  const span = new Uint8Array(SPAN_BYTES);
  ids.fillSpanId(span);
  return spanIdText(span);
}

/**
 * Whether the request came with one valid `traceparent`. Where not, its `tracestate` belongs to no
 * trace and must not be forwarded.
 */
export function continuesTrace(head: Head): boolean {
  if (head.traceparentField < 0 || isDoubled(head, head.traceparentField, FIELD.TRACEPARENT)) {
    return false;
  }
  const at = head.traceparentField * 4;
  return isTraceParent(head.slab, head.spans[at + VALUE_START]!, head.spans[at + VALUE_END]!);
}

/** Where the trace id of a request that continues a trace begins in its slab: 32 hex digits. */
export function traceIdStart(head: Head): number {
  return head.spans[head.traceparentField * 4 + VALUE_START]! + TRACE_AT;
}

/** The id that this request goes by, in answers and logs. Allocates. */
export function requestIdText(head: Head, ids: IdSource): string {
  if (keepsRequestId(head)) return head.valueText(head.requestIdField);
  const text = Buffer.alloc(ID_BYTES);
  writeUuid(text, 0, ids.seedOf(head));
  return text.toString('latin1');
}

/** W3C Trace Context §3.2, level 2. A later version may be longer, after another dash. */
function isTraceParent(slab: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (length < PARENT_BYTES) return false;
  if (!isHex(slab, from, from + 2)) return false;
  if (slab[from] === LOWER_F && slab[from + 1] === LOWER_F) return false;
  const isFirst = slab[from] === ZERO && slab[from + 1] === ZERO;
  if (length > PARENT_BYTES && (isFirst || slab[from + PARENT_BYTES] !== DASH)) return false;
  return (
    slab[from + TRACE_AT - 1] === DASH &&
    slab[from + SPAN_AT - 1] === DASH &&
    slab[from + FLAGS_AT - 1] === DASH &&
    isId(slab, from + TRACE_AT, from + SPAN_AT - 1) &&
    isId(slab, from + SPAN_AT, from + FLAGS_AT - 1) &&
    isHex(slab, from + FLAGS_AT, from + PARENT_BYTES)
  );
}

/** Lower-case hex, not all zero. */
function isId(slab: Uint8Array, from: number, to: number): boolean {
  let any = 0;
  for (let at = from; at < to; at++) {
    const digit = DIGIT[slab[at]!]!;
    if (digit === 255) return false;
    any |= digit;
  }
  return any !== 0;
}

function isHex(slab: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (DIGIT[slab[at]!] === 255) return false;
  }
  return true;
}

/** One x-request-id, of visible ASCII within the bound. */
function keepsRequestId(head: Head): boolean {
  const field = head.requestIdField;
  if (field < 0 || isDoubled(head, field, FIELD.X_REQUEST_ID)) return false;
  const from = head.spans[field * 4 + VALUE_START]!;
  const to = head.spans[field * 4 + VALUE_END]!;
  if (to === from || to - from > REQUEST_ID_BYTES_MAX) return false;
  for (let at = from; at < to; at++) {
    const byte = head.slab[at]!;
    if (byte < 0x21 || byte > 0x7e) return false;
  }
  return true;
}

/** Whether another field than this one has the same id: then neither can be believed. */
function isDoubled(head: Head, field: number, id: number): boolean {
  for (let other = 0; other < head.fieldCount; other++) {
    if (head.ids[other] === id && other !== field) return true;
  }
  return false;
}

function writeUuid(out: Uint8Array, start: number, seed: Uint8Array): number {
  let at = start;
  for (let i = 0; i < seed.length; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) out[at++] = DASH;
    out[at++] = HEX[seed[i]! >> 4]!;
    out[at++] = HEX[seed[i]! & 15]!;
  }
  return at;
}

function writeHex(
  out: Uint8Array,
  start: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  let at = start;
  for (let i = from; i < to; i++) {
    out[at++] = HEX[bytes[i]! >> 4]!;
    out[at++] = HEX[bytes[i]! & 15]!;
  }
  return at;
}

function copy(
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

function copyAll(out: Uint8Array, start: number, bytes: Uint8Array): number {
  return copy(out, start, bytes, 0, bytes.length);
}
