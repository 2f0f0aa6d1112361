/**
 * The fields that name a request: `x-request-id`, `traceparent` (W3C Trace Context), and B3 where
 * it came with B3.
 *
 * A valid trace is continued under a new span id; anything else starts a new one. Ids are drawn
 * once for a request and kept with its head, so that every attempt, the error answer, the log and
 * the spans say the same; where a trace begins here the request id, its dashes apart, is its id.
 *
 * Impure only in chance, from a pool that `IdSource` fills. Called by `exchange/`. Budget: no
 * allocation, but once for each head, save in the functions whose names end in Text.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { DECISION, type HeadTrace, ORIGIN } from '../http1/head-trace.ts';
import { B3_BYTES_MAX, writeB3 } from './b3.ts';
import { copy, copyAll, readWord, writeHex } from './hex-digits.ts';
import { type IdSource, newSpanId, type SpanId } from './id-source.ts';
import { isDoubled, PARENT_BYTES, traceOf } from './incoming-trace.ts';

/** A given x-request-id beyond this is replaced. */
export const REQUEST_ID_BYTES_MAX = 128;
export const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

const REQUEST_ID_NAME = Buffer.from('x-request-id: ');
const PARENT_NAME = Buffer.from('traceparent: 00-');

/** Upper bound of what `writeRequestIdField` writes. */
export const REQUEST_ID_FIELD_BYTES_MAX: number = REQUEST_ID_NAME.length + REQUEST_ID_BYTES_MAX + 2;
/** Upper bound of what `writeTraceFields` writes. */
export const TRACE_FIELDS_BYTES_MAX: number =
  REQUEST_ID_FIELD_BYTES_MAX + PARENT_NAME.length + PARENT_BYTES - 3 + 2 + B3_BYTES_MAX;

const DASH = 0x2d;
const ZERO = 0x30;
const CR = 0x0d;
const LF = 0x0a;
const SAMPLED = 1;
/** Where texts are laid out before they are strings. */
const TEXT = Buffer.alloc(REQUEST_ID_BYTES_MAX);

/**
 * Writes the fields, each with its line end, and returns where they end. `span` is filled with the
 * id that they give this attempt.
 */
export function writeTraceFields(
  out: Uint8Array,
  start: number,
  head: Head,
  ids: IdSource,
  span: SpanId,
): number {
  const trace = traceOf(head);
  let at = writeRequestIdField(out, start, head, ids);
  at = copyAll(out, at, PARENT_NAME);
  const idStart = at;
  at = writeTraceId(out, at, head, ids);
  out[at++] = DASH;
  ids.drawSpanId(span);
  at = writeHex(out, at, span, 0, span.length);
  out[at++] = DASH;
  const flags = flagsOf(trace, head, ids);
  out[at++] = ZERO;
  out[at++] = ZERO + flags;
  out[at++] = CR;
  out[at++] = LF;
  if (trace.b3Forms === 0) return at;
  const digits = trace.origin === ORIGIN.B3 ? trace.idDigits : TRACE_DIGITS;
  return writeB3(out, at, trace.b3Forms, digits, idStart, decisionOf(trace, flags));
}

/** The field that a request goes by, in both directions. */
export function writeRequestIdField(
  out: Uint8Array,
  start: number,
  head: Head,
  ids: IdSource,
): number {
  const at = writeRequestId(out, copyAll(out, start, REQUEST_ID_NAME), head, ids);
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** Whether the request came with a trace that can be read, which then goes on. */
export function continuesTrace(head: Head): boolean {
  return traceOf(head).origin !== ORIGIN.HERE;
}

/** Whether this request's spans are to be recorded, as the flags that go out say. */
export function isSampled(head: Head, ids: IdSource): boolean {
  return (flagsOf(traceOf(head), head, ids) & SAMPLED) !== 0;
}

/** Where nobody has decided whether this request's spans are recorded: they are not. */
export function declineSampling(head: Head): void {
  const trace = traceOf(head);
  if (trace.b3Decision === DECISION.DEFERRED) trace.b3Decision = DECISION.DENIED;
}

/** Writes the 32 digits of the trace that goes out; where they end. */
export function writeTraceId(out: Uint8Array, start: number, head: Head, ids: IdSource): number {
  const trace = traceOf(head);
  if (trace.origin === ORIGIN.HERE) {
    const seed = ids.seedOf(head);
    return writeHex(out, start, seed, 0, seed.length);
  }
  let at = start;
  for (let missing = TRACE_DIGITS - trace.idDigits; missing > 0; missing--) out[at++] = ZERO;
  return copy(out, at, head.slab, trace.idStart, trace.idStart + trace.idDigits);
}

/** 32 digits. Allocates. */
export function traceIdText(head: Head, ids: IdSource): string {
  return TEXT.toString('latin1', 0, writeTraceId(TEXT, 0, head, ids));
}

/** 16 digits: the span that sent this request; '' where its trace begins here. Allocates. */
export function parentSpanIdText(head: Head): string {
  const { origin, parentStart } = traceOf(head);
  return origin === ORIGIN.HERE ? '' : head.text(parentStart, parentStart + SPAN_DIGITS);
}

/** 16 digits. Allocates. */
export function spanIdText(span: SpanId): string {
  return TEXT.toString('latin1', 0, writeHex(TEXT, 0, span, 0, span.length));
}

/** 16 digits, of a span that nobody was told of yet. Allocates. */
export function newSpanIdText(ids: IdSource): string {
  const span = newSpanId();
  ids.drawSpanId(span);
  return spanIdText(span);
}

/** The id that this request goes by, in answers and logs. Allocates. */
export function requestIdText(head: Head, ids: IdSource): string {
  return TEXT.toString('latin1', 0, writeRequestId(TEXT, 0, head, ids));
}

/** What others decided is never decided again; the rest is, by the id, alike for every attempt. */
function flagsOf(trace: HeadTrace, head: Head, ids: IdSource): number {
  if (trace.origin === ORIGIN.TRACEPARENT) return trace.flags;
  if (trace.b3Decision !== DECISION.DEFERRED) {
    return trace.b3Decision === DECISION.DENIED ? 0 : SAMPLED;
  }
  const samples =
    trace.origin === ORIGIN.B3
      ? ids.samplesTail(readWord(head.slab, trace.idStart + trace.idDigits - 8))
      : ids.samples(ids.seedOf(head));
  return samples ? SAMPLED : 0;
}

/** What B3 says of sampling: as the flags, which do not tell that it is to be debugged. */
function decisionOf(trace: HeadTrace, flags: number): number {
  const isDebug = trace.origin !== ORIGIN.TRACEPARENT && trace.b3Decision === DECISION.DEBUG;
  if (isDebug) return DECISION.DEBUG;
  return (flags & SAMPLED) === 0 ? DECISION.DENIED : DECISION.ACCEPTED;
}

export function writeRequestId(out: Uint8Array, start: number, head: Head, ids: IdSource): number {
  if (!keepsRequestId(head)) return writeUuid(out, start, ids.seedOf(head));
  const field = head.requestIdField * 4;
  const from = head.spans[field + VALUE_START]!;
  return copy(out, start, head.slab, from, head.spans[field + VALUE_END]!);
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

/** 8-4-4-4-12 digits. */
function writeUuid(out: Uint8Array, start: number, seed: Uint8Array): number {
  let at = writeHex(out, start, seed, 0, 4);
  out[at++] = DASH;
  at = writeHex(out, at, seed, 4, 6);
  out[at++] = DASH;
  at = writeHex(out, at, seed, 6, 8);
  out[at++] = DASH;
  at = writeHex(out, at, seed, 8, 10);
  out[at++] = DASH;
  return writeHex(out, at, seed, 10, seed.length);
}
