/**
 * Which requests an access log is about: what an error is, what a filter asks for, who is sampled.
 *
 * Sampling is decided by the trace id's random part, as OpenTelemetry's consistent sampling does:
 * every sidecar of a trace says the same, and who is kept at 10% is kept at 20% as well. Chance was
 * refused: half a call chain explains nothing.
 *
 * Pure. Called by `access-log.ts` for each record; filters are written by `admin/`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import * as limits from '../limits.ts';

/** All that is given must hold. */
export interface AccessFilter {
  readonly mode: 'all' | 'errors';
  /** Over 0, up to 1: of requests that are no errors. */
  readonly sample: number;
  /** The rule's id, whole. */
  readonly rule: string | null;
  /** Both ends included. */
  readonly status: { readonly from: number; readonly to: number } | null;
  readonly method: string | null;
  /** The path begins so, as it came. */
  readonly path: string | null;
  readonly minDurationMs: number;
  readonly direction: RequestRecord['direction'] | null;
}

/**
 * Failed, or refused by Remora. A client that leaves at once closed a page and tells nothing; one
 * that waited `cancelMissMs` for an answer that did not begin is often all that a hanging service
 * shows.
 */
export function isError({ isFailed, cause, status, durationMs }: RequestRecord): boolean {
  if (isFailed) return true;
  if (status === 499) return durationMs >= limits.cancelMissMs;
  return cause !== null && cause !== 'RMR_CLIENT_GONE';
}

export function isMatched(filter: AccessFilter, record: RequestRecord): boolean {
  const { mode, rule, status, method, path, direction } = filter;
  if (rule !== null && rule !== record.rule) return false;
  if (status !== null && (record.status < status.from || record.status > status.to)) return false;
  if (method !== null && method !== record.method) return false;
  if (direction !== null && direction !== record.direction) return false;
  if (record.durationMs < filter.minDurationMs) return false;
  if (path !== null && !record.path.startsWith(path)) return false;
  return isError(record) || (mode === 'all' && isSampled(record.traceId, filter.sample));
}

/** 12 of the 14 hex digits that W3C Trace Context level 2 has at random: what a double can hold. */
const RANDOM_FROM = 18;
const RANDOM_TO = 30;
const RANDOM_RANGE = 2 ** 48;

export function isSampled(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  const random = Number.parseInt(traceId.slice(RANDOM_FROM, RANDOM_TO), 16);
  return random >= RANDOM_RANGE * (1 - ratio);
}
