/**
 * A request at its end, in short: what its record is made of, then or later.
 *
 * It holds nothing that a later configuration replaces, but names of it: a table or a backend would
 * outlive itself in it. So what only the live table can tell, and limits and budget, are read here.
 * What the request's head says stays with the head.
 *
 * Reused. Filled by `observer.ts`, at once or into `held-requests.ts`; read by `record.ts`. Budget:
 * no allocation, but for requests that were split, passed a rule over or were tried again.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { NearestRule, RecordReason, SplitRecord } from '@remora/api/request-record.ts';
import type { Head } from '../http1/head.ts';
import type { Downstream } from '../net/downstream.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import { type IdSource, newSpanId, type SpanId } from '../telemetry/id-source.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import { isSampled } from '../telemetry/trace-context.ts';
import type { Role } from './exchange-world.ts';
import { type AttemptNote, FIRST, NEVER, NOT_ASKED, NOT_DRAWN, type Trail } from './trail.ts';

const NONE = '';
const sharesByRule = new WeakMap<Rule, SplitRecord['shares']>();

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

/** One attempt of it: see `AttemptRecord`. Instants may be NEVER. */
export class EndedAttempt {
  backend: string = NONE;
  endpoint: string = NONE;
  instance: string = NONE;
  why: number = FIRST;
  isProbe = false;
  isReused = false;
  beganAtMs = 0;
  chosenAtMs: number = NEVER;
  sentAtMs: number = NEVER;
  answeredAtMs: number = NEVER;
  endedAtMs: number = NEVER;
  status = 0;
  failure: ErrorCode | null = null;
  /** '' where nothing was compared. */
  one: string = NONE;
  other: string = NONE;
  oneCost = 0;
  otherCost = 0;
  inFlight = 0;
  waiting = 0;
  limitMax = 0;
  budgetLeft = 0;
  isBreakerOpen = false;
  readonly span: SpanId = newSpanId();

  take(note: AttemptNote, nowMs: number): void {
    const { endpoint, one, other } = note;
    const { admission, budget, key } = note.backend!;
    const isWeighed = one !== null && other !== null;
    this.backend = key;
    this.endpoint = endpoint?.key ?? NONE;
    this.instance = endpoint?.instance ?? NONE;
    this.why = note.why;
    this.isProbe = note.isProbe;
    this.isReused = note.isReused;
    this.beganAtMs = note.beganAtMs;
    this.chosenAtMs = note.chosenAtMs;
    this.sentAtMs = note.sentAtMs;
    this.answeredAtMs = note.answeredAtMs;
    this.endedAtMs = note.endedAtMs;
    this.status = note.status;
    this.failure = note.failure;
    this.one = isWeighed ? one.key : NONE;
    this.other = isWeighed ? other.key : NONE;
    this.oneCost = note.oneCost;
    this.otherCost = note.otherCost;
    this.inFlight = note.inFlight;
    this.waiting = note.waiting;
    this.limitMax = admission.limit;
    this.budgetLeft = budget.left(nowMs);
    this.isBreakerOpen = admission.breaker.isOpen;
    this.span.set(note.span);
  }
}

export class EndedRequest {
  status = 0;
  isFailed = false;
  reason: RecordReason = 'sampled';
  isSampled = false;
  direction: Role['direction'] = 'outbound';
  startedAtMs = 0;
  endedAtMs = 0;
  endedAtWallMs = 0;
  deadlineAtMs: number = NO_DEADLINE;
  peer: string = NONE;
  destination: string = NONE;
  rule: string = NONE;
  backend: string = NONE;
  split: SplitRecord | null = null;
  nearest: NearestRule | null = null;
  cause: ErrorCode | null = null;
  detail: string = NONE;
  denied: number = NOT_ASKED;
  requestBytes = 0;
  responseBytes = 0;
  /** Of the attempts below, those that are its own. */
  attemptCount = 0;
  readonly attempts: EndedAttempt[] = [];
  /** Id of its own span: drawn now, so that each reader is told the same. */
  readonly span: SpanId = newSpanId();

  /** Limits and budget as they are now, a moment after the attempt. */
  take(source: RecordSource, end: RecordEnd, ids: IdSource): void {
    const { trail, target } = source;
    this.status = end.status;
    this.isFailed = end.isFailed;
    this.reason = end.reason;
    this.isSampled = end.reason === 'sampled' || isSampled(source.request, ids);
    this.direction = source.role.direction;
    this.startedAtMs = source.startedAtMs;
    this.endedAtMs = end.nowMs;
    this.endedAtWallMs = end.wallMs;
    this.deadlineAtMs = source.deadlineAtMs;
    this.peer = source.downstream.peer;
    this.destination = trail.destination?.key ?? NONE;
    this.rule = source.rule?.id ?? NONE;
    this.backend = target?.backend?.key ?? NONE;
    this.split = splitOf(source);
    // Who only looks on wants a line, not a reason.
    this.nearest = end.reason === 'asked' ? null : nearestOf(source);
    this.cause = trail.cause;
    this.detail = trail.detail;
    this.denied = trail.denied;
    this.requestBytes = trail.requestBytes;
    this.responseBytes = trail.responseBytes;
    this.attemptCount = trail.count;
    for (let at = 0; at < trail.count; at++) {
      (this.attempts[at] ??= new EndedAttempt()).take(trail.attempts[at]!, end.nowMs);
    }
    ids.drawSpanId(this.span);
  }
}

function nearestOf({ trail, request }: RecordSource): NearestRule | null {
  return trail.destination?.table?.nearest(request) ?? null;
}

function splitOf({ rule, request, downstream, trail }: RecordSource): SplitRecord | null {
  if (rule === null || trail.draw === NOT_DRAWN || rule.targets.length < 2) return null;
  const cohort = rule.split.cohort(request, rule.needsPeer ? downstream.peer : '');
  return { draw: cohort === null ? trail.draw : null, cohort, shares: sharesOf(rule) };
}

/** The same for each request of a rule, and so made once. */
function sharesOf(rule: Rule): SplitRecord['shares'] {
  let shares = sharesByRule.get(rule);
  if (shares === undefined) {
    shares = rule.targets.map(({ backend, invalid, weight }) => ({
      backend: backend?.key ?? invalid ?? NONE,
      weight,
    }));
    sharesByRule.set(rule, shares);
  }
  return shares;
}
