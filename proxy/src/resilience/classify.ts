/**
 * What counts as a failure of an endpoint: one definition for breaker, balancer and metrics.
 *
 * Failures are connect, reset, timeout, truncation, 500 and 502 to 504. 429 and the other 4xx are
 * answers: counting them lets one user's limit take an endpoint from all. What a peer's inbound
 * refuses (`x-remora-error`) never reached the application, so it is neither; but the same field
 * also relays what the application did (gone, reset, too late), and that fails as if seen directly:
 * else an endpoint whose application died would answer fastest and draw all requests.
 *
 * Pure. Called by `exchange/` once per attempt. Budget: no allocation, but for a peer's code.
 */
import { ERRORS, type ErrorCode, errorSpec } from '@remora/api/errors.ts';
import type { Head } from '../http1/head.ts';
import { ascii } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import { OUTCOME } from './outcome.ts';
import { FIELD_ABSENT, FIELD_TWICE, findRemoraField } from './remora-field.ts';

/** A caller that waited so many usual answers in vain says something. */
const CANCEL_MISS_FACTOR = 10;

const ERROR_FIELD = ascii('x-remora-error');

/** What these say is about the endpoint, by whichever proxy it is said. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  'RMR_CONNECT_REFUSED',
  'RMR_CONNECT_TIMEOUT',
  'RMR_APP_GONE',
  'RMR_UPSTREAM_RESET',
  'RMR_UPSTREAM_CLOSED',
  'RMR_UPSTREAM_BAD_RESPONSE',
  'RMR_REQUEST_TIMEOUT',
  'RMR_PER_TRY_TIMEOUT',
]);

/** A limit refused: what was asked for has not been tried. */
const LIMITS: ReadonlySet<ErrorCode> = new Set(['RMR_OVERLOADED', 'RMR_POOL_FULL']);

/**
 * Whether an answer that Remora makes itself says something of the backend. Neither what a caller
 * did says so, nor a limit: a breaker that opened for either would turn the requests away that the
 * backend does answer.
 */
export function speaksOfBackend(code: ErrorCode): boolean {
  return errorSpec(code).source !== 'downstream' && !LIMITS.has(code);
}

/** An application's answer of this status. */
export function isFailure(status: number): boolean {
  return status === 500 || (status >= 502 && status <= 504);
}

/**
 * An attempt that ended without an answer of its own, or with a part of one. `isStale`: a reused
 * connection died before any byte of the answer, which says that it was idle for too long.
 */
export function outcomeOfFailure(code: ErrorCode, isStale: boolean): number {
  if (isStale || !FAILURES.has(code)) return OUTCOME.NOTHING_LEARNED;
  return code === 'RMR_UPSTREAM_BAD_RESPONSE' ? OUTCOME.FAILED : OUTCOME.MISSED;
}

/** An answer's head. `isFromPeer`: the endpoint has a Remora inbound, which strips such fields. */
export function outcomeOfAnswer(head: Head, isFromPeer: boolean): number {
  if (isFromPeer && hasPeerError(head)) {
    const code = peerError(head);
    return code !== null && FAILURES.has(code) ? OUTCOME.FAILED : OUTCOME.REFUSED_BY_PEER;
  }
  return isFailure(head.status) ? OUTCOME.FAILED : OUTCOME.OK;
}

/** A caller that left. `waitedMs`: since the request was written; `usualMs`: of good answers. */
export function outcomeOfCancel(waitedMs: number, usualMs: number): number {
  const patienceMs = Math.max(limits.cancelMissMs, CANCEL_MISS_FACTOR * usualMs);
  return waitedMs > patienceMs ? OUTCOME.MISSED : OUTCOME.NOTHING_LEARNED;
}

/** Whether this is an answer of the peer's proxy and not of the application. */
export function hasPeerError(head: Head): boolean {
  return findRemoraField(head, ERROR_FIELD) !== FIELD_ABSENT;
}

/** The peer's code; null: there is none, or it is one of another version. Allocates. */
export function peerError(head: Head): ErrorCode | null {
  const field = findRemoraField(head, ERROR_FIELD);
  if (field === FIELD_ABSENT || field === FIELD_TWICE) return null;
  const text = head.valueText(field);
  return Object.hasOwn(ERRORS, text) ? (text as ErrorCode) : null;
}
