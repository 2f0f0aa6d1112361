/**
 * Joins what is known of requests afterwards: who makes a record, and who is handed it.
 *
 *   exchange → observer → record store (explain, tap) · access log · span exporter
 *
 * Made by `proxy.ts`. No policy of its own.
 */
import type { TracingConfig } from '@remora/api/wire-resilience.ts';
import { type Clock, systemClock, wallClock } from './clock.ts';
import { AccessBytes } from './exchange/access-bytes.ts';
import { Observer, type RecordSink } from './exchange/observer.ts';
import { TraceMarks } from './exchange/trace-marks.ts';
import { HeldRequests } from './exchange/held-requests.ts';
import type { ProxyOptions } from './flags.ts';
import { AccessLog } from './telemetry/access-log.ts';
import { IdSource } from './telemetry/id-source.ts';
import type { LineLog } from './telemetry/log.ts';
import { RecordStore } from './telemetry/record-store.ts';
import { SpanOutlet } from './telemetry/span-outlet.ts';
import { systemRandom } from './telemetry/system-random.ts';
import type { TimerWheel } from './timer-wheel.ts';

export class Observability {
  readonly ids: IdSource;
  readonly marks: TraceMarks;
  readonly observer: Observer;
  readonly records: RecordStore;
  readonly accessLog: AccessLog;
  readonly spans: SpanOutlet;
  readonly #started: Pick<ProxyOptions, 'sampleRatio' | 'slowMs' | 'traces'>;

  constructor(options: ProxyOptions, log: LineLog, clock: Clock, wheel: TimerWheel) {
    const { identity, sampleRatio, slowMs, traces } = options;
    this.#started = { sampleRatio, slowMs, traces };
    this.ids = new IdSource({ sampleRatio, fill: systemRandom() });
    this.marks = new TraceMarks(this.ids);
    this.accessLog = new AccessLog(options.accessLog, log, clock);
    const held = new HeldRequests(identity, this.ids);
    this.records = new RecordStore(held);
    this.spans = new SpanOutlet({
      ...{ identity, clock, wheel, log, late: held },
      chance: Math.random,
    });
    this.spans.use(traces);
    const sinks: RecordSink[] = [this.records, this.accessLog, this.spans];
    const { ids, marks, spans } = this;
    const onHeld = () => spans.onLate();
    const { isOfAll } = this.accessLog;
    const line = isOfAll ? new AccessBytes(this.accessLog, identity, ids) : null;
    // Not by the turn's clock: what is held is older than `Date`.
    const wallMs = wallClock(systemClock);
    this.observer = new Observer({
      ...{ identity, wallMs, ids, marks, slowMs, sinks, line },
      ...{ held, onHeld },
    });
  }

  /** From the next request on. Throws where the collector can't be used: nothing has changed. */
  trace(tracing: TracingConfig | null): void {
    const { sampleRatio, slowMs, traces } = this.#started;
    this.spans.use(tracing?.collector ?? traces);
    this.ids.sampleRatio = tracing?.sampleRatio ?? sampleRatio;
    this.observer.slowMs = tracing?.slowMs ?? slowMs;
  }

  /** Sends what waits, for a moment. */
  async close(): Promise<void> {
    await this.spans.close();
  }
}
