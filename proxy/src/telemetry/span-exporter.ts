/**
 * Sends the spans of records to a collector, and never lets the collector be felt.
 *
 *   add    → queue ─┬→ batch → posted → taken | refused     one batch at a time
 *   onLate ─────────┘    ^ wait, bounded times ' no answer, 429, 502-504
 *
 * Records become text when their batch leaves, and those that are late become records only then:
 * neither costs a request what it would notice. What finds the queue full is dropped, and so is a
 * batch after its last try; both are counted. Spans are worth less than memory.
 *
 * Impure in its connection. Made by `proxy.ts`. Budget: 200 ns for `add`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import type { Chance, Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import {
  CollectorConnection,
  type OnPosted,
  type PostResult,
  readCollectorUrl,
} from './collector-connection.ts';
import type { LateRecords } from './late-records.ts';
import type { Log } from './log.ts';
import { spanCount } from './otlp.ts';
import { rejection } from './partial-success.ts';
import { SpanBatch } from './span-batch.ts';

export interface SpanExporterOptions {
  /** `http://host:port`; `/v1/traces` is added. */
  readonly url: string;
  readonly identity: ProxyIdentity;
  readonly clock: Clock;
  /** Its wake-ups must keep no process alive. */
  readonly wheel: TimerWheel;
  readonly chance: Chance;
  readonly log: Log;
  /** Of the requests that it hears of by `onLate`. */
  readonly late: LateRecords;
}

/** OTLP's own list; anything else would be refused again. 0: no answer. */
const RETRYABLE = new Set([0, 429, 502, 503, 504]);
/** What a record without its texts and attempts takes, and an attempt: measured, rounded up. */
const RECORD_BYTES = 768;
const ATTEMPT_BYTES = 512;
const DOUBLINGS_MAX = 16;

export class SpanExporter {
  /** A request gets no spans only because somebody looks at it. */
  readonly wantsAll = false;
  readonly #options: SpanExporterOptions;
  #connection: CollectorConnection;
  #url: string;
  /** In use from the next post on: no answer is under way then. */
  #nextConnection: CollectorConnection | null = null;
  readonly #queue: (RequestRecord | null)[] = new Array(limits.spanQueueMax).fill(null);
  /** To take the next batch, or to send the same again. */
  readonly #next = new WheelTimer(() => this.#go());
  readonly #giveUp = new WheelTimer(() => this.#end());
  readonly #posted: OnPosted = (result) => this.#onPosted(result);
  #first = 0;
  #queued = 0;
  #queuedBytes = 0;
  /** Records that nobody made yet: so many of the last ones held. */
  #late = 0;
  /** Each batch is in it. */
  readonly #own: SpanBatch;
  /** What is on its way, or waits to be sent again; null: nothing. */
  #batch: SpanBatch | null = null;
  /** In a row, whatever the batch: a collector that is away is not asked more often for more. */
  #failures = 0;
  #exported = 0;
  #dropped = 0;
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | null = null;
  #onClosed: (() => void) | null = null;

  /** Throws where the URL can't be used. */
  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#url = options.url;
    this.#connection = new CollectorConnection(readCollectorUrl(options.url), options.wheel);
    this.#own = new SpanBatch(options.identity);
  }

  /** Spans that the collector took. */
  get exported(): number {
    return this.#exported;
  }

  /** Spans that it will never have. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Records that wait for their batch, and their estimated bytes. */
  get queued(): { readonly records: number; readonly bytes: number } {
    return { records: this.#queued + this.#late, bytes: this.#queuedBytes };
  }

  add(record: RequestRecord): void {
    if (record.reason === 'asked') return;
    if (this.#closing === null) this.#enqueue(record);
    else this.#drop(record);
    this.#arm();
  }

  /** One more was held. Its record is made with its batch, or before it would be overwritten. */
  onLate(): void {
    this.#late++;
    if (this.#closing !== null) return this.#drop(this.#options.late.record(this.#late--));
    if (this.#late === limits.heldRequestsMax) this.takeLate(limits.heldRequestsTaken);
    this.#arm();
  }

  /**
   * Makes so many records of those that were held, the oldest first: before they are overwritten,
   * or others are held that it will not hear of.
   */
  takeLate(count: number = limits.heldRequestsMax): void {
    for (let taken = 0; taken < count && this.#late > 0; taken++) {
      this.#enqueue(this.#options.late.record(this.#late--));
    }
  }

  #enqueue(record: RequestRecord): void {
    const bytes = bytesOf(record);
    const isFull = this.#queued === limits.spanQueueMax;
    if (isFull || this.#queuedBytes + bytes > limits.spanQueueBytesMax) return this.#drop(record);
    this.#queue[(this.#first + this.#queued) % limits.spanQueueMax] = record;
    this.#queued++;
    this.#queuedBytes += bytes;
  }

  #drop(record: RequestRecord, why = 'more are made than it takes'): void {
    this.#dropped += spanCount(record);
    this.#complain(why);
  }

  /** Not at once: text is made between requests. */
  #arm(): void {
    if (this.#batch !== null || this.#closing !== null) return;
    const waiting = this.#queued + this.#late;
    if (waiting === 1) this.#options.wheel.arm(this.#next, limits.spanFlushMs);
    else if (waiting === limits.spanBatchMax) this.#options.wheel.arm(this.#next, 0);
  }

  /** What waits goes there too. Throws where the URL can't be used. */
  redirect(url: string): void {
    if (url === this.#url) return;
    this.#nextConnection = new CollectorConnection(readCollectorUrl(url), this.#options.wheel);
    this.#url = url;
  }

  /** Sends what waits, for `spanCloseMs` at most; the rest is dropped. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#connection.hold();
      this.#options.wheel.arm(this.#giveUp, limits.spanCloseMs);
      const isPosting = this.#batch !== null && !this.#next.isArmed;
      this.#options.wheel.cancel(this.#next);
      if (!isPosting) this.#go();
    });
    return this.#closing;
  }

  #go(): void {
    if (this.#batch === null) this.#batch = this.#takeBatch();
    if (this.#batch === null) return this.#end();
    this.#changeConnection();
    this.#batch.tries++;
    this.#connection.post(this.#batch.bytes, this.#posted);
  }

  #changeConnection(): void {
    if (this.#nextConnection === null) return;
    this.#connection.close();
    this.#connection = this.#nextConnection;
    this.#nextConnection = null;
    this.#failures = 0;
    if (this.#closing !== null) this.#connection.hold();
  }

  #takeBatch(): SpanBatch | null {
    const batch = this.#own;
    batch.begin();
    while (batch.records < limits.spanBatchMax && this.#queued > 0) {
      if (!this.#isTaken(this.#queue[this.#first]!)) break;
      this.#shift();
    }
    while (batch.records < limits.spanBatchMax && this.#late > 0) {
      if (!this.#isTaken(this.#options.late.record(this.#late))) break;
      this.#late--;
    }
    batch.finish();
    return batch.records === 0 ? null : batch;
  }

  /** False: it is for the next batch. One that is too long for any is dropped. */
  #isTaken(record: RequestRecord): boolean {
    if (this.#own.add(record)) return true;
    if (this.#own.records > 0) return false;
    this.#drop(record, 'one is too long for a batch');
    return true;
  }

  #shift(): RequestRecord {
    const record = this.#queue[this.#first]!;
    this.#queue[this.#first] = null;
    this.#first = (this.#first + 1) % limits.spanQueueMax;
    this.#queued--;
    this.#queuedBytes -= bytesOf(record);
    return record;
  }

  #onPosted(result: PostResult): void {
    const batch = this.#batch!;
    if (result.status >= 200 && result.status < 300) {
      this.#failures = 0;
      const { spans, why } = rejection(result.body, batch.spans);
      this.#exported += batch.spans - spans;
      this.#dropped += spans;
      if (spans > 0) this.#complain(`it rejected spans: ${why}`);
      return this.#afterBatch();
    }
    const isRetryable = RETRYABLE.has(result.status);
    if (isRetryable) this.#failures++;
    const mayRetry = isRetryable && batch.tries < limits.spanTriesMax && this.#closing === null;
    if (!mayRetry) this.#dropped += batch.spans;
    this.#complain(result.status === 0 ? result.why : `it answered ${result.status}`);
    if (!mayRetry) this.#batch = null;
    if (this.#closing !== null) return this.#end();
    if (isRetryable) this.#options.wheel.arm(this.#next, this.#waitMs(result.retryAfterMs));
    else this.#afterBatch();
  }

  #afterBatch(): void {
    this.#batch = null;
    const { wheel } = this.#options;
    const waiting = this.#queued + this.#late;
    if (this.#closing !== null) this.#go();
    else if (waiting >= limits.spanBatchMax) wheel.arm(this.#next, 0);
    else if (waiting > 0) wheel.arm(this.#next, limits.spanFlushMs);
  }

  #waitMs(askedMs: number): number {
    const min = limits.spanRetryMinMs;
    const max = limits.spanRetryMaxMs;
    const bound = Math.min(max, min * 2 ** Math.min(this.#failures, DOUBLINGS_MAX));
    const jittered = min + this.#options.chance() * (bound - min);
    return Math.max(jittered, Math.min(askedMs, limits.spanRetryAfterMsMax));
  }

  /** At most once in `spanComplaintMs`. */
  #complain(why: string): void {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#complainedAtMs < limits.spanComplaintMs) return;
    this.#complainedAtMs = nowMs;
    log.warn({ url: this.#url, why, dropped: this.#dropped }, 'spans do not reach the collector');
  }

  #end(): void {
    if (this.#onClosed === null) return;
    this.#dropped += this.#batch?.spans ?? 0;
    this.takeLate();
    while (this.#queued > 0) this.#dropped += spanCount(this.#shift());
    this.#batch = null;
    this.#options.wheel.cancel(this.#next);
    this.#options.wheel.cancel(this.#giveUp);
    this.#connection.close();
    this.#onClosed();
    this.#onClosed = null;
  }
}

/** An estimate, and the same each time. */
function bytesOf(record: RequestRecord): number {
  return (
    RECORD_BYTES +
    record.attempts.length * ATTEMPT_BYTES +
    record.path.length +
    record.userAgent.length +
    record.authority.length +
    record.detail.length
  );
}
