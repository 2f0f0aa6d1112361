/**
 * Which trace a request belongs to by the fields that it came with: `traceparent` (W3C Trace
 * Context), else B3, else none, and one begins here.
 *
 * A valid traceparent wins over B3, which is then rewritten to agree: a mesh has one trace, and W3C
 * is what everyone else speaks. What cannot be read, or came twice, is as if it had not come.
 *
 * Pure. Read once for a head and kept with it. Called by `trace-context.ts` and `trace-state.ts`;
 * a head without B3 fields pays one test of a bit for them. No allocation.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { type HeadTrace, ORIGIN } from '../http1/head-trace.ts';
import { B3_SEEN, readB3 } from './b3.ts';
import { DIGIT, isHex, isId } from './hex-digits.ts';

/** Length of a `traceparent` of version 00. */
export const PARENT_BYTES = 55;
/** Offsets within it. */
const TRACE_AT = 3;
const SPAN_AT = 36;
const FLAGS_AT = 53;

const DASH = 0x2d;
const ZERO = 0x30;
const LOWER_F = 0x66;
/** Sampled, and random trace id: the flags that are defined. */
const KNOWN_FLAGS = 0x03;

/** The head's trace, read by now. */
export function traceOf(head: Head): HeadTrace {
  const { trace } = head;
  if (trace.origin !== ORIGIN.UNREAD) return trace;
  if ((head.seen & B3_SEEN) !== 0) readB3(head);
  if (readParent(head)) trace.origin = ORIGIN.TRACEPARENT;
  else trace.origin = trace.idDigits > 0 ? ORIGIN.B3 : ORIGIN.HERE;
  return trace;
}

/** Whether another field than this one has the same id: then neither can be believed. */
export function isDoubled(head: Head, field: number, id: number): boolean {
  for (let other = 0; other < head.fieldCount; other++) {
    if (head.ids[other] === id && other !== field) return true;
  }
  return false;
}

/** False: there is no valid traceparent, and nothing was changed. */
function readParent(head: Head): boolean {
  const field = head.traceparentField;
  if (field < 0 || isDoubled(head, field, FIELD.TRACEPARENT)) return false;
  const { slab, trace } = head;
  const from = head.spans[field * 4 + VALUE_START]!;
  if (!isTraceParent(slab, from, head.spans[field * 4 + VALUE_END]!)) return false;
  trace.idDigits = SPAN_AT - 1 - TRACE_AT;
  trace.idStart = from + TRACE_AT;
  trace.parentStart = from + SPAN_AT;
  trace.flags = DIGIT[slab[from + FLAGS_AT + 1]!]! & KNOWN_FLAGS;
  return true;
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
