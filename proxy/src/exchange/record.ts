/**
 * Makes the record of a request that is at its end, from its trail and from what it holds.
 *
 * All text is made here, for the few requests that leave a record. Names and values from outside
 * are cut at `recordTextMax`. What is read of limits and budget is as it is now, a moment after.
 *
 * Called by `observer.ts`. Allocates.
 */
import type {
  AttemptRecord,
  NearestRule,
  RecordReason,
  RequestRecord,
  SplitRecord,
} from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { ascii } from '../http1/octets.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Downstream } from '../net/downstream.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import { RETRY_WORDS } from '../resilience/retry.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import type { TapFacts } from '../telemetry/record-store.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import {
  isSampled,
  newSpanIdText,
  parentSpanIdText,
  requestIdText,
  spanIdText,
  traceIdText,
} from '../telemetry/trace-context.ts';
import type { Role } from './exchange-world.ts';
import {
  type AttemptNote,
  FIRST,
  HEDGE,
  NEVER,
  NOT_ASKED,
  NOT_DRAWN,
  type Trail,
} from './trail.ts';

/** An exchange, as its record sees it. */
export interface RecordSource {
  readonly request: Head;
  readonly downstream: Downstream;
  readonly role: Role;
  readonly rule: Rule | null;
  readonly target: Target | null;
  readonly trail: Trail;
  /** Where it was counted. */
  readonly series: RouteSeries | null;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
}

/** How it ended. */
export interface RecordEnd {
  readonly status: number;
  readonly isFailed: boolean;
  readonly reason: RecordReason;
  readonly nowMs: number;
  /** The same instant, in milliseconds since 1970. */
  readonly wallMs: number;
}

const USER_AGENT = ascii('user-agent');
const NONE = '';

export function recordOf(
  source: RecordSource,
  end: RecordEnd,
  identity: ProxyIdentity,
  ids: IdSource,
): RequestRecord {
  const { request, role, rule, target, trail, startedAtMs, deadlineAtMs } = source;
  const durationMs = end.nowMs - startedAtMs;
  return {
    requestId: requestIdText(request, ids),
    traceId: traceIdText(request, ids),
    spanId: newSpanIdText(ids),
    parentSpanId: parentSpanIdText(request),
    reason: end.reason,
    isSampled: isSampled(request, ids),
    proxy: identity,
    direction: role.direction,
    startedAt: end.wallMs - durationMs,
    durationMs,
    protocol: request.version === 10 ? 'HTTP/1.0' : 'HTTP/1.1',
    method: request.text(request.methodStart, request.methodEnd),
    authority: cut(request.text(request.authorityStart, request.authorityEnd)),
    path: pathText(request),
    userAgent: fieldText(request, USER_AGENT),
    peer: source.downstream.peer,
    status: end.status,
    isFailed: end.isFailed,
    cause: trail.cause,
    detail: cut(trail.detail),
    requestBytes: trail.requestBytes,
    responseBytes: trail.responseBytes,
    destination: trail.destination?.key ?? NONE,
    rule: rule?.id ?? NONE,
    backend: target?.backend?.key ?? NONE,
    split: splitOf(source),
    // Who only looks on wants a line, not a reason.
    nearest: end.reason === 'asked' ? null : nearestOf(source),
    deadlineMs: deadlineAtMs === NO_DEADLINE ? null : deadlineAtMs - startedAtMs,
    denied: trail.denied === NOT_ASKED ? NONE : RETRY_WORDS[trail.denied]!,
    attempts: attemptsOf(source, end.nowMs),
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

function nearestOf({ trail, request }: RecordSource): NearestRule | null {
  return trail.destination?.table?.nearest(request) ?? null;
}

function splitOf({ rule, request, downstream, trail }: RecordSource): SplitRecord | null {
  if (rule === null || trail.draw === NOT_DRAWN || rule.targets.length < 2) return null;
  const cohort = rule.split.cohort(request, rule.needsPeer ? downstream.peer : '');
  const shares = rule.targets.map(({ backend, invalid, weight }) => ({
    backend: backend?.key ?? invalid ?? NONE,
    weight,
  }));
  return { draw: cohort === null ? trail.draw : null, cohort, shares };
}

function attemptsOf({ trail, startedAtMs }: RecordSource, nowMs: number): AttemptRecord[] {
  return trail.attempts.slice(0, trail.count).map((note) => attemptOf(note, startedAtMs, nowMs));
}

function attemptOf(note: AttemptNote, startedAtMs: number, nowMs: number): AttemptRecord {
  const since = (atMs: number): number | null => (atMs === NEVER ? null : atMs - startedAtMs);
  const { admission, budget, key } = note.backend!;
  const max = admission.limit;
  return {
    spanId: note.sentAtMs === NEVER ? NONE : spanIdText(note.span),
    backend: key,
    endpoint: note.endpoint?.key ?? NONE,
    instance: note.endpoint?.instance ?? NONE,
    reason: reasonOf(note.why),
    isProbe: note.isProbe,
    isReused: note.isReused,
    beganMs: note.beganAtMs - startedAtMs,
    chosenMs: since(note.chosenAtMs),
    sentMs: since(note.sentAtMs),
    answeredMs: since(note.answeredAtMs),
    endedMs: since(note.endedAtMs) ?? nowMs - startedAtMs,
    status: note.status,
    failure: note.failure,
    weighed: weighedBy(note),
    limit: { inFlight: note.inFlight, waiting: note.waiting, max },
    budgetLeft: budget.left(nowMs),
    isBreakerOpen: admission.breaker.isOpen,
  };
}

function weighedBy({ one, oneCost, other, otherCost }: AttemptNote): AttemptRecord['weighed'] {
  if (one === null || other === null) return [];
  return [
    { endpoint: one.key, score: oneCost },
    { endpoint: other.key, score: otherCost },
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
