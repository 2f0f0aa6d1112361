/**
 * Traces that something went wrong in, as a callee's sidecar or our own has said.
 *
 * A failed or slow request's answer carries `x-remora-keep: 1` to the caller's sidecar, which marks
 * the trace; the answer of its own application to the next caller carries it on. So the ancestors
 * of a failure are kept by those who have them, without a collector that waits for whole traces.
 * The field ends at each application and at whoever has no sidecar: nobody else is told.
 *
 * Bound: `tracesMarkedMax` for `traceMarkMs`. One a proxy, shared by both roles. Budget: while
 * nothing is marked, a comparison.
 */
import { FIELD, type Head } from '../http1/head.ts';
import { ascii } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import { DeadlineMemory } from '../resilience/deadline-memory.ts';
import { FIELD_ABSENT, findRemoraField } from '../resilience/remora-field.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import { traceKeyOf } from './deadlines.ts';

const KEEP = ascii('x-remora-keep');
export const KEEP_LINE: Buffer = Buffer.from('x-remora-keep: 1\r\n');

export class TraceMarks {
  readonly #ids: IdSource;
  readonly #marked = new DeadlineMemory(limits.tracesMarkedMax, limits.traceMarkMs);

  constructor(ids: IdSource) {
    this.#ids = ids;
  }

  mark(request: Head, nowMs: number): void {
    this.#marked.remember(traceKeyOf(request, this.#ids), nowMs, nowMs);
  }

  isMarked(request: Head, nowMs: number): boolean {
    if (this.#marked.isEmpty(nowMs)) return false;
    return this.#marked.recall(traceKeyOf(request, this.#ids), nowMs) !== NO_DEADLINE;
  }

  /** A callee's answer: takes the mark out of it, and remembers it. */
  readAnswer(response: Head, request: Head, nowMs: number): void {
    const field = findRemoraField(response, KEEP);
    if (field === FIELD_ABSENT) return;
    if (field >= 0) response.ids[field] = FIELD.KEEP_ALIVE; // Hop by hop: it goes no further.
    this.mark(request, nowMs);
  }
}
