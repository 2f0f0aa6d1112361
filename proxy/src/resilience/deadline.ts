/**
 * When a request must be over, and how that is told from proxy to proxy: `x-remora-deadline-ms` has
 * what remains, in whole milliseconds. An instant would need clocks that agree.
 *
 * The smallest of the route's time-out, the caller's header and what the trace inherits wins; so a
 * header from outside the mesh can only shorten what the route allows. Garbage is ignored, since a
 * deadline is a hint and no part of the message, and its caller is told so that it can count it.
 *
 * Pure. Called by `exchange/` once when a request begins and once per attempt. No allocation.
 */
import { type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { ascii, CR, LF, writeDecimal } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import { FIELD_ABSENT, FIELD_TWICE, findRemoraField } from './remora-field.ts';

/** The instant of a request that may take for ever. */
export const NO_DEADLINE: number = Number.POSITIVE_INFINITY;

/** What `readDeadlineMs` found instead of a number. */
export const DEADLINE_ABSENT = -1;
export const DEADLINE_MALFORMED = -2;

const NAME = ascii('x-remora-deadline-ms');
const LINE_START = ascii('x-remora-deadline-ms: ');
const DIGITS_MAX = String(limits.deadlineMaxMs).length;
const ZERO = 0x30;

/** Upper bound of what `writeDeadlineField` writes. */
export const DEADLINE_FIELD_BYTES_MAX: number = LINE_START.length + DIGITS_MAX + 2;

/** Milliseconds that the header leaves (0: none), DEADLINE_ABSENT or DEADLINE_MALFORMED. */
export function readDeadlineMs(head: Head): number {
  const field = findRemoraField(head, NAME);
  if (field === FIELD_ABSENT) return DEADLINE_ABSENT;
  if (field === FIELD_TWICE) return DEADLINE_MALFORMED;
  const at = field * 4;
  return parseDeadlineMs(head.slab, head.spans[at + VALUE_START]!, head.spans[at + VALUE_END]!);
}

/** Digits only, up to `deadlineMaxMs`; else DEADLINE_MALFORMED. */
export function parseDeadlineMs(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > DIGITS_MAX) return DEADLINE_MALFORMED;
  let ms = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return DEADLINE_MALFORMED;
    ms = ms * 10 + digit;
  }
  return ms > limits.deadlineMaxMs ? DEADLINE_MALFORMED : ms;
}

/**
 * The instant at which a request that began at `nowMs` must be over. `routeMs`: 0 is none;
 * `headerMs`: of `readDeadlineMs`; `inheritedAtMs`: an instant, or NO_DEADLINE.
 */
export function deadlineAtMs(
  nowMs: number,
  routeMs: number,
  headerMs: number,
  inheritedAtMs: number,
): number {
  let atMs = inheritedAtMs;
  if (routeMs > 0) atMs = Math.min(atMs, nowMs + routeMs);
  if (headerMs >= 0) atMs = Math.min(atMs, nowMs + headerMs);
  return atMs;
}

/** Never negative. */
export function leftMs(atMs: number, nowMs: number): number {
  return atMs > nowMs ? atMs - nowMs : 0;
}

/** Writes the whole field line; where it ends. Rounded down: never promises more than is left. */
export function writeDeadlineField(out: Uint8Array, start: number, msLeft: number): number {
  let at = start;
  for (let i = 0; i < LINE_START.length; i++) out[at++] = LINE_START[i]!;
  at = writeDecimal(out, at, Math.min(Math.max(0, Math.floor(msLeft)), limits.deadlineMaxMs));
  out[at++] = CR;
  out[at++] = LF;
  return at;
}
