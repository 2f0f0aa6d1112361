/**
 * Joins what is known of requests afterwards: who makes a record, and who is handed it.
 *
 *   exchange → observer → record store (explain, tap) · access log · span exporter
 *
 * Made by `proxy.ts`. No policy of its own.
 */
import type { Clock } from './clock.ts';
import { AccessBytes } from './exchange/access-bytes.ts';
import { Observer, type RecordSink } from './exchange/observer.ts';
import { TraceMarks } from './exchange/trace-marks.ts';
import type { ProxyOptions } from './flags.ts';
import { AccessLog } from './telemetry/access-log.ts';
import { IdSource } from './telemetry/id-source.ts';
import type { LineLog } from './telemetry/log.ts';
import { RecordStore } from './telemetry/record-store.ts';
import { SpanExporter } from './telemetry/span-exporter.ts';
import { systemRandom } from './telemetry/system-random.ts';
import type { TimerWheel } from './timer-wheel.ts';

export class Observability {
  readonly ids: IdSource;
  readonly marks: TraceMarks;
  readonly observer: Observer;
  readonly records = new RecordStore();
  readonly accessLog: AccessLog;
  /** Null: no collector was named. */
  readonly spans: SpanExporter | null;

  constructor(options: ProxyOptions, log: LineLog, clock: Clock, wheel: TimerWheel) {
    const { identity, sampleRatio, slowMs, traces } = options;
    this.ids = new IdSource({ sampleRatio, fill: systemRandom() });
    this.marks = new TraceMarks(this.ids);
    this.accessLog = new AccessLog(options.accessLog, log, clock);
    const world = { identity, clock, wheel, chance: Math.random, log };
    this.spans = traces === null ? null : new SpanExporter({ ...world, url: traces });
    const sinks: RecordSink[] = [this.records, this.accessLog];
    if (this.spans !== null) sinks.push(this.spans);
    const { ids, marks } = this;
    const { isOfAll } = this.accessLog;
    const line = isOfAll ? new AccessBytes(this.accessLog, identity, ids) : null;
    this.observer = new Observer({ identity, wallMs: Date.now, ids, marks, slowMs, sinks, line });
  }

  /** Sends what waits, for a moment. */
  async close(): Promise<void> {
    await this.spans?.close();
  }
}
