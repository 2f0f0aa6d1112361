/**
 * Whether a request leaves a record, and who is handed it.
 *
 * Those that failed, were slow, or were answered by Remora itself always do; so do those that a
 * callee marked: an error deep down then keeps its caller chain, however rare sampling is. The
 * sampled are held in short, and leave theirs when somebody reads it. Others do while somebody asks
 * (a tap, a full access log). A flood of failures leaves `recordsPerSecondMax` records a second,
 * unless all are logged; what it leaves out is counted.
 *
 * One a proxy. Budget: `onEnd` allocates nothing for a request without a record.
 */
import type { RecordReason, RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import type { WallMs } from '../clock.ts';
import * as limits from '../limits.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import type { TapFacts } from '../telemetry/record-store.ts';
import { isSampled, traceIdText } from '../telemetry/trace-context.ts';
import type { AccessBytes } from './access-bytes.ts';
import { EndedRequest, type RecordEnd, type RecordSource } from './ended-request.ts';
import type { HeldRequests } from './held-requests.ts';
import { factsOf, recordOf } from './record.ts';
import type { TraceMarks } from './trace-marks.ts';

/** Who takes records. */
export interface RecordSink {
  /** Whether it wants requests that nothing else makes worth a record. */
  readonly wantsAll: boolean;
  /** Of those: whether it wants this one, which ended so. Left out: it wants each. */
  wants?(facts: TapFacts): boolean;
  add(record: RequestRecord): void;
}

export interface ObserverOptions {
  readonly identity: ProxyIdentity;
  readonly wallMs: WallMs;
  readonly ids: IdSource;
  readonly marks: TraceMarks;
  /** A request that takes so long is slow, until somebody says otherwise. */
  readonly slowMs: number;
  readonly sinks: readonly RecordSink[];
  /** Keeps the sampled ones; their records are made when somebody reads them. */
  readonly held: HeldRequests;
  /** Told of each that is held. */
  readonly onHeld: () => void;
  /** Writes the lines of those that leave no record; null: they have none. */
  readonly line: AccessBytes | null;
}

const SECOND_MS = 1_000;

export class Observer {
  /** Records not made, because there were too many. */
  dropped = 0;
  slowMs: number;
  readonly #options: ObserverOptions;
  /** Of the one whose record is made at once. */
  readonly #ended = new EndedRequest();
  #secondAtMs = 0;
  #inSecond = 0;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.slowMs = options.slowMs;
  }

  /** Once for each request, before it lets go of anything. */
  onEnd(source: RecordSource, status: number, isFailed: boolean, nowMs: number): void {
    const isAsked = this.#isAsked(source, isFailed);
    const { wallMs, marks, line, held } = this.#options;
    let reason = this.#reasonFor(source, isFailed, nowMs);
    const mayWait = !isAsked && (reason === null || (reason === 'sampled' && held.takes(source)));
    if (mayWait && (line?.add(source, status, nowMs, wallMs(nowMs)) ?? true)) {
      if (reason === null) return;
      return this.#hold(source, { status, isFailed, reason, nowMs, wallMs: wallMs(nowMs) });
    }
    reason ??= 'asked';
    // Its own inbound role tells the caller, once the application has answered.
    const isBad = reason === 'failed' || reason === 'slow';
    if (isBad && source.role.direction === 'outbound') marks.mark(source.request, nowMs);
    // Where all are logged, none is left out: its record is its line.
    if (reason !== 'sampled' && !isAsked && line === null && !this.#hasRoom(nowMs)) {
      this.dropped++;
      return;
    }
    this.#tell(source, { status, isFailed, reason, nowMs, wallMs: wallMs(nowMs) });
  }

  #hold(source: RecordSource, end: RecordEnd): void {
    const { held, ids, onHeld } = this.#options;
    const { series, startedAtMs } = source;
    held.hold(source, end);
    const durationMs = end.nowMs - startedAtMs;
    if (series?.wantsExemplar(durationMs, end.wallMs / SECOND_MS) ?? false) {
      exemplify(source, end, traceIdText(source.request, ids));
    }
    onHeld();
  }

  #tell(source: RecordSource, end: RecordEnd): void {
    const { identity, ids, sinks } = this.#options;
    this.#ended.take(source, end, ids);
    const record = recordOf(this.#ended, source.request, identity, ids);
    if (end.reason !== 'asked') exemplify(source, end, record.traceId);
    for (const sink of sinks) sink.add(record);
  }

  #reasonFor(source: RecordSource, isFailed: boolean, nowMs: number): RecordReason | null {
    const { ids, marks } = this.#options;
    if (isFailed || source.trail.cause !== null) return 'failed';
    if (nowMs - source.startedAtMs >= this.slowMs) return 'slow';
    if (marks.isMarked(source.request, nowMs)) return 'marked';
    if (isSampled(source.request, ids)) return 'sampled';
    return null;
  }

  #isAsked(source: RecordSource, isFailed: boolean): boolean {
    const { sinks } = this.#options;
    for (let at = 0; at < sinks.length; at++) {
      const sink = sinks[at]!;
      if (sink.wantsAll && (sink.wants?.(factsOf(source, isFailed)) ?? true)) return true;
    }
    return false;
  }

  #hasRoom(nowMs: number): boolean {
    if (nowMs - this.#secondAtMs >= SECOND_MS) {
      this.#secondAtMs = nowMs;
      this.#inSecond = 0;
    }
    return ++this.#inSecond <= limits.recordsPerSecondMax;
  }
}

function exemplify({ series, startedAtMs }: RecordSource, end: RecordEnd, traceId: string): void {
  series?.exemplify(end.nowMs - startedAtMs, traceId, end.wallMs / SECOND_MS);
}
