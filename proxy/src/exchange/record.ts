/**
 * Makes the record of a request that has ended, from what was kept of its end and from its head.
 *
 * All text is made here, for the few requests whose record somebody reads or that can't wait for a
 * reader. Names and values from outside are cut at `recordTextMax`.
 *
 * Pure. Called by `observer.ts` and `held-requests.ts`. Allocates.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { ascii } from '../http1/octets.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import { RETRY_WORDS } from '../resilience/retry.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import type { TapFacts } from '../telemetry/record-store.ts';
import {
  parentSpanIdText,
  requestIdText,
  spanIdText,
  traceIdText,
} from '../telemetry/trace-context.ts';
import type { EndedAttempt, EndedRequest, RecordSource } from './ended-request.ts';
import { FIRST, HEDGE, NEVER, NOT_ASKED } from './trail.ts';

const USER_AGENT = ascii('user-agent');
const NONE = '';

export function recordOf(
  ended: EndedRequest,
  request: Head,
  identity: ProxyIdentity,
  ids: IdSource,
): RequestRecord {
  const { startedAtMs, deadlineAtMs } = ended;
  const durationMs = ended.endedAtMs - startedAtMs;
  return {
    requestId: requestIdText(request, ids),
    traceId: traceIdText(request, ids),
    spanId: spanIdText(ended.span),
    parentSpanId: parentSpanIdText(request),
    reason: ended.reason,
    isSampled: ended.isSampled,
    proxy: identity,
    direction: ended.direction,
    startedAt: ended.endedAtWallMs - durationMs,
    durationMs,
    protocol: request.version === 10 ? 'HTTP/1.0' : 'HTTP/1.1',
    method: request.text(request.methodStart, request.methodEnd),
    authority: cut(request.text(request.authorityStart, request.authorityEnd)),
    path: pathText(request),
    userAgent: fieldText(request, USER_AGENT),
    peer: ended.peer,
    status: ended.status,
    isFailed: ended.isFailed,
    cause: ended.cause,
    detail: cut(ended.detail),
    requestBytes: ended.requestBytes,
    responseBytes: ended.responseBytes,
    destination: ended.destination,
    rule: ended.rule,
    backend: ended.backend,
    split: ended.split,
    nearest: ended.nearest,
    deadlineMs: deadlineAtMs === NO_DEADLINE ? null : deadlineAtMs - startedAtMs,
    denied: ended.denied === NOT_ASKED ? NONE : RETRY_WORDS[ended.denied]!,
    attempts: ended.attempts
      .slice(0, ended.attemptCount)
      .map((attempt) => attemptOf(attempt, startedAtMs, ended.endedAtMs)),
  };
}

/** What a tap's filter looks at; made while somebody taps, of each request. */
export function factsOf(source: RecordSource, isFailed: boolean): TapFacts {
  const { request, rule, trail } = source;
  return {
    rule: rule?.id ?? NONE,
    destination: trail.destination?.key ?? NONE,
    isFailed,
    method: request.text(request.methodStart, request.methodEnd),
    path: pathText(request),
  };
}

function attemptOf(attempt: EndedAttempt, startedAtMs: number, nowMs: number): AttemptRecord {
  const since = (atMs: number): number | null => (atMs === NEVER ? null : atMs - startedAtMs);
  const { inFlight, waiting, limitMax } = attempt;
  return {
    spanId: attempt.sentAtMs === NEVER ? NONE : spanIdText(attempt.span),
    backend: attempt.backend,
    endpoint: attempt.endpoint,
    instance: attempt.instance,
    reason: reasonOf(attempt.why),
    isProbe: attempt.isProbe,
    isReused: attempt.isReused,
    beganMs: attempt.beganAtMs - startedAtMs,
    chosenMs: since(attempt.chosenAtMs),
    sentMs: since(attempt.sentAtMs),
    answeredMs: since(attempt.answeredAtMs),
    endedMs: since(attempt.endedAtMs) ?? nowMs - startedAtMs,
    status: attempt.status,
    failure: attempt.failure,
    weighed: weighedBy(attempt),
    limit: { inFlight, waiting, max: limitMax },
    budgetLeft: attempt.budgetLeft,
    isBreakerOpen: attempt.isBreakerOpen,
  };
}

function weighedBy({ one, oneCost, other, otherCost }: EndedAttempt): AttemptRecord['weighed'] {
  if (one === NONE) return [];
  return [
    { endpoint: one, score: oneCost },
    { endpoint: other, score: otherCost },
  ];
}

function reasonOf(why: number): string {
  if (why === FIRST) return NONE;
  return why === HEDGE ? 'hedge' : RETRY_WORDS[why]!;
}

function pathText(request: Head): string {
  const path = request.text(request.pathStart, request.pathEnd);
  if (!request.hasQuery) return cut(path);
  return cut(`${path}?${request.text(request.queryStart, request.queryEnd)}`);
}

function fieldText(head: Head, name: Uint8Array): string {
  const field = head.find(name);
  return field === -1 ? NONE : cut(head.valueText(field));
}

function cut(text: string): string {
  return text.length <= limits.recordTextMax ? text : `${text.slice(0, limits.recordTextMax)}…`;
}
