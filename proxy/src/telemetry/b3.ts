/**
 * B3, the trace fields of Zipkin and of many meshes: `b3: {trace}-{span}-{sampled}-{parent}`, or a
 * field for each part. Read where they are valid, written in the form or forms that came.
 *
 * A single field decides before the many (the specification's order), a malformed form counts as
 * not sent, and of a field given twice neither is believed. A trace id of 64 bits goes on in B3 as
 * it came, as with Envoy, so that who searches for it finds it; padded for `traceparent`. The
 * parent's id is optional and left out, as in OpenTelemetry: who gets it would name the wrong one.
 *
 * Pure. Called by `incoming-trace.ts` and `trace-context.ts`, only for a head that has a B3 field.
 */
import { FIELD, type Head, NAME_END, NAME_START, VALUE_END, VALUE_START } from '../http1/head.ts';
import { B3_FORM, DECISION } from '../http1/head-trace.ts';
import { ascii, spells } from '../http1/octets.ts';
import { copy, copyAll, isHex, isId } from './hex-digits.ts';

/** Bits of `Head.seen`. */
export const B3_SEEN = (1 << FIELD.B3) | (1 << FIELD.X_B3);

const SPAN_DIGITS = 16;
const LONG_DIGITS = 32;
const DASH = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;
const LETTER_D = 0x64;
const CR = 0x0d;
const LF = 0x0a;

const SINGLE_NAME = Buffer.from('b3: ');
const TRACE_NAME = Buffer.from('x-b3-traceid: ');
const SPAN_NAME = Buffer.from('x-b3-spanid: ');
const SAMPLED_NAME = Buffer.from('x-b3-sampled: ');
const FLAGS_NAME = Buffer.from('x-b3-flags: ');

/** Upper bound of what `writeB3` writes: both forms. */
export const B3_BYTES_MAX: number =
  SINGLE_NAME.length +
  (LONG_DIGITS + 1 + SPAN_DIGITS + 2 + 2) +
  (TRACE_NAME.length + LONG_DIGITS + 2) +
  (SPAN_NAME.length + SPAN_DIGITS + 2) +
  (SAMPLED_NAME.length + 1 + 2);

const TRUE = ascii('true');
const FALSE = ascii('false');
/** No such field, or one that cannot be read. */
const ABSENT = -1;
const MALFORMED = -1;

/** The parts of the many, by place in `parts`. */
const PART = { TRACE: 0, SPAN: 1, SAMPLED: 2, FLAGS: 3, PARENT: 4 } as const;
/** Field index of each, or ABSENT; set anew for each use, and never held. */
const parts = new Int32Array(5);

/** Fills in the head's trace: the forms that came valid, and what the one that counts says. */
export function readB3(head: Head): void {
  const { trace } = head;
  if (readMulti(head)) trace.b3Forms |= B3_FORM.MULTI;
  if (readSingle(head)) trace.b3Forms |= B3_FORM.SINGLE;
}

/**
 * Writes the forms that came, each line with its end, and returns where they end. The ids are those
 * that stand in `out` already, in the traceparent: so the fields agree.
 */
export function writeB3(
  out: Uint8Array,
  start: number,
  forms: number,
  digits: number,
  idStart: number,
  decision: number,
): number {
  const idEnd = idStart + LONG_DIGITS;
  const spanStart = idEnd + 1;
  let at = start;
  if ((forms & B3_FORM.SINGLE) !== 0) {
    at = copyAll(out, at, SINGLE_NAME);
    at = copy(out, at, out, idEnd - digits, spanStart + SPAN_DIGITS);
    out[at++] = DASH;
    at = endLine(out, at, decision === DECISION.DEBUG ? LETTER_D : digitOf(decision));
  }
  if ((forms & B3_FORM.MULTI) === 0) return at;
  at = copyAll(out, at, TRACE_NAME);
  at = copy(out, at, out, idEnd - digits, idEnd - 1);
  at = endLine(out, at, out[idEnd - 1]!);
  at = copyAll(out, at, SPAN_NAME);
  at = copy(out, at, out, spanStart, spanStart + SPAN_DIGITS - 1);
  at = endLine(out, at, out[spanStart + SPAN_DIGITS - 1]!);
  // The flag implies the decision, which is then not to be sent.
  at = copyAll(out, at, decision === DECISION.DEBUG ? FLAGS_NAME : SAMPLED_NAME);
  return endLine(out, at, digitOf(decision));
}

function digitOf(decision: number): number {
  return decision === DECISION.DENIED ? ZERO : ONE;
}

/** A value's last byte, and the line's end. */
function endLine(out: Uint8Array, start: number, byte: number): number {
  let at = start;
  out[at++] = byte;
  out[at++] = CR;
  out[at++] = LF;
  return at;
}

/** `{trace}-{span}`, `{trace}-{span}-{sampled}`, those and `-{parent}`, or `{sampled}` alone. */
function readSingle(head: Head): boolean {
  const field = onlyField(head);
  if (field === ABSENT) return false;
  const { slab, trace } = head;
  const from = head.spans[field * 4 + VALUE_START]!;
  const to = head.spans[field * 4 + VALUE_END]!;
  if (to - from === 1) {
    const decision = decisionOf(slab[from]!);
    if (decision === MALFORMED) return false;
    trace.idDigits = 0;
    trace.b3Decision = decision;
    return true;
  }
  const digits = slab[from + SPAN_DIGITS] === DASH ? SPAN_DIGITS : LONG_DIGITS;
  const spanStart = from + digits + 1;
  const spanEnd = spanStart + SPAN_DIGITS;
  const rest = to - spanEnd;
  if (rest !== 0 && rest !== 2 && rest !== 3 + SPAN_DIGITS) return false;
  if (slab[spanStart - 1] !== DASH) return false;
  if (!isId(slab, from, from + digits) || !isId(slab, spanStart, spanEnd)) return false;
  let decision: number = DECISION.DEFERRED;
  if (rest > 0) {
    decision = slab[spanEnd] === DASH ? decisionOf(slab[spanEnd + 1]!) : MALFORMED;
    if (decision === MALFORMED) return false;
    if (rest > 2 && (slab[spanEnd + 2] !== DASH || !isHex(slab, spanEnd + 3, to))) return false;
  }
  trace.idDigits = digits;
  trace.idStart = from;
  trace.parentStart = spanStart;
  trace.b3Decision = decision;
  return true;
}

/** The one `b3` field. */
function onlyField({ fieldCount, ids }: Head): number {
  let found = ABSENT;
  for (let field = 0; field < fieldCount; field++) {
    if (ids[field] !== FIELD.B3) continue;
    if (found !== ABSENT) return ABSENT;
    found = field;
  }
  return found;
}

function decisionOf(byte: number): number {
  if (byte === ZERO) return DECISION.DENIED;
  if (byte === ONE) return DECISION.ACCEPTED;
  return byte === LETTER_D ? DECISION.DEBUG : MALFORMED;
}

/** Both ids, a decision, or all of them. */
function readMulti(head: Head): boolean {
  if (!findParts(head)) return false;
  const decision = multiDecision(head);
  if (decision === MALFORMED) return false;
  const { slab, spans, trace } = head;
  const ids = parts[PART.TRACE]! * 4;
  const span = parts[PART.SPAN]! * 4;
  if (ids < 0 && span < 0) {
    if (decision === DECISION.DEFERRED || parts[PART.PARENT] !== ABSENT) return false;
    trace.b3Decision = decision;
    return true;
  }
  if (ids < 0 || span < 0 || !isParentReadable(head)) return false;
  const idStart = spans[ids + VALUE_START]!;
  const idEnd = spans[ids + VALUE_END]!;
  const digits = idEnd - idStart;
  if (digits !== SPAN_DIGITS && digits !== LONG_DIGITS) return false;
  const spanStart = spans[span + VALUE_START]!;
  const spanEnd = spans[span + VALUE_END]!;
  if (spanEnd - spanStart !== SPAN_DIGITS) return false;
  if (!isId(slab, idStart, idEnd) || !isId(slab, spanStart, spanEnd)) return false;
  trace.idDigits = digits;
  trace.idStart = idStart;
  trace.parentStart = spanStart;
  trace.b3Decision = decision;
  return true;
}

/** False: a part was given twice. */
function findParts(head: Head): boolean {
  parts.fill(ABSENT);
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.ids[field] !== FIELD.X_B3) continue;
    const part = partOf(head, field);
    if (parts[part] !== ABSENT) return false;
    parts[part] = field;
  }
  return true;
}

/** The parser has seen to it that the name is one of the five: length and one letter tell them. */
function partOf({ slab, spans }: Head, field: number): number {
  const start = spans[field * 4 + NAME_START]!;
  switch (spans[field * 4 + NAME_END]! - start) {
    case FLAGS_NAME.length - 2:
      return PART.FLAGS;
    case SPAN_NAME.length - 2:
      return PART.SPAN;
    case TRACE_NAME.length - 2:
      return (slab[start + 5]! | 0x20) === TRACE_NAME[5] ? PART.TRACE : PART.SAMPLED;
    default:
      return PART.PARENT;
  }
}

/** Any other value of the flags is to be ignored; older senders write `true` and `false`. */
function multiDecision({ slab, spans }: Head): number {
  const flags = parts[PART.FLAGS]! * 4;
  if (flags >= 0 && spans[flags + VALUE_END]! - spans[flags + VALUE_START]! === 1) {
    if (slab[spans[flags + VALUE_START]!] === ONE) return DECISION.DEBUG;
  }
  const sampled = parts[PART.SAMPLED]! * 4;
  if (sampled < 0) return DECISION.DEFERRED;
  const from = spans[sampled + VALUE_START]!;
  const length = spans[sampled + VALUE_END]! - from;
  if (length === TRUE.length && spells(slab, from, TRUE)) return DECISION.ACCEPTED;
  if (length === FALSE.length && spells(slab, from, FALSE)) return DECISION.DENIED;
  if (length !== 1) return MALFORMED;
  const decision = decisionOf(slab[from]!);
  return decision === DECISION.DEBUG ? MALFORMED : decision;
}

/** Absent, empty, or 16 digits. */
function isParentReadable({ slab, spans }: Head): boolean {
  const parent = parts[PART.PARENT]! * 4;
  if (parent < 0) return true;
  const from = spans[parent + VALUE_START]!;
  const to = spans[parent + VALUE_END]!;
  return to === from || (to - from === SPAN_DIGITS && isHex(slab, from, to));
}
