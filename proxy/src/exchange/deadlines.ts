/**
 * A request's deadline: the least of its route's time-out, what its caller leaves it, and, for a
 * request of our application, what its trace has from the request that caused it.
 *
 * Called by `exchange.ts`. Budget: no allocation, but for the id of a request that came without.
 */
import {
  DEADLINE_MALFORMED,
  deadlineAtMs,
  NO_DEADLINE,
  readDeadlineMs,
} from '../resilience/deadline.ts';
import { TraceKey } from '../resilience/deadline-memory.ts';
import { continuesTrace, writeTraceId } from '../telemetry/trace-context.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Rule } from '../routing/compiled.ts';
import type { ExchangeWorld, Role } from './exchange-world.ts';
import type { Head } from '../http1/head.ts';

export interface DeadlineSource {
  readonly request: Head;
  readonly role: Role;
  readonly startedAtMs: number;
}

/** Set anew for each use, and never held. */
const trace = new TraceKey();
const digits = Buffer.alloc(32);

/** The instant, or NO_DEADLINE. */
export function readDeadline(
  world: ExchangeWorld,
  { request, role, startedAtMs }: DeadlineSource,
  routeMs: number,
): number {
  const headerMs = readDeadlineMs(request);
  if (headerMs === DEADLINE_MALFORMED) world.counts.deadlinesMalformed++;
  const inheritedAtMs =
    role.direction === 'outbound' ? inherited(world, request, startedAtMs) : NO_DEADLINE;
  return deadlineAtMs(startedAtMs, routeMs, headerMs, inheritedAtMs);
}

/** What the application asks of others for this request inherits its deadline, or has none. */
export function rememberDeadline(world: ExchangeWorld, source: DeadlineSource, atMs: number): void {
  const { request, role, startedAtMs } = source;
  if (role.direction === 'outbound') return;
  if (atMs === NO_DEADLINE) {
    // Or what is left of an earlier request of the trace would end this one's.
    if (!world.deadlines.isEmpty(startedAtMs)) forgetDeadline(world, source);
    return;
  }
  world.deadlines.remember(traceKeyOf(request, world.ids), atMs, startedAtMs);
}

/**
 * It was answered in time: what the application still does for it has no deadline. One that has
 * passed stays: nobody waits for what the application still asks of others.
 */
export function settleDeadline(
  world: ExchangeWorld,
  source: DeadlineSource & { readonly deadlineAtMs: number },
  nowMs: number,
): void {
  if (source.deadlineAtMs !== NO_DEADLINE && nowMs < source.deadlineAtMs) {
    forgetDeadline(world, source);
  }
}

function forgetDeadline(world: ExchangeWorld, source: DeadlineSource): void {
  if (source.role.direction === 'outbound') return;
  world.deadlines.forget(traceKeyOf(source.request, world.ids));
}

/** Whose limit it was: the route's own time-out, or the caller's. */
export function lateness(
  source: DeadlineSource & { readonly rule: Rule | null; readonly deadlineAtMs: number },
): { readonly code: ErrorCode; readonly allowedMs: number } {
  const { rule, startedAtMs } = source;
  const routeMs = rule?.requestTimeoutMs ?? 0;
  if (routeMs > 0 && source.deadlineAtMs === startedAtMs + routeMs) {
    return { code: 'RMR_REQUEST_TIMEOUT', allowedMs: routeMs };
  }
  const allowedMs = Math.round(source.deadlineAtMs - startedAtMs);
  return { code: 'RMR_DEADLINE_EXCEEDED', allowedMs };
}

function inherited(world: ExchangeWorld, request: Head, nowMs: number): number {
  if (world.deadlines.isEmpty(nowMs) || !continuesTrace(request)) return NO_DEADLINE;
  return world.deadlines.recall(traceKeyOf(request, world.ids), nowMs);
}

/** Of the trace that it continues, or begins here. Read it before asking again. */
export function traceKeyOf(request: Head, ids: IdSource): TraceKey {
  if (continuesTrace(request)) {
    writeTraceId(digits, 0, request, ids);
    trace.readHex(digits, 0);
  } else trace.readBytes(ids.seedOf(request));
  return trace;
}
