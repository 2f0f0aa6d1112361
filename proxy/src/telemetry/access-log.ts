/**
 * The access log: which requests get a line, and how many lines there may be.
 *
 * A request that failed is always worth one; the rest are logged where the operator started the
 * proxy so, or for minutes, by filters set while it runs. Bounded twice: a slow reader's lines are
 * dropped before the log's own are, and errors that nobody asked for have so many lines a second.
 * What is dropped is counted, and the count is confessed in the log.
 *
 * Filters end by themselves, without a timer: a record after its time finds out.
 *
 * Impure in the log and one timer a second while a flood lasts. Made by `proxy.ts`, handed records
 * by whoever ends a request, ordered about by `admin/access-log-page.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import { type AccessFilter, isError, isMatched, isSampled } from './access-filter.ts';
import { accessFields } from './access-line.ts';
import { LEVEL, type LineLog, type LineSource } from './log.ts';

export interface AccessLogOptions {
  readonly mode: 'errors' | 'all' | 'none';
  /** 0 to 1: of requests that are no errors, where the mode is `all`. */
  readonly sample: number;
}

/** One filter in force. */
interface Order {
  readonly filter: AccessFilter;
  /** Equal for equal filters. */
  readonly text: string;
  untilMs: number;
  /** Requests that it matched. */
  matched: number;
}

const WINDOW_MS = 1_000;

export class AccessLog {
  /**
   * Whether a filter wants records of requests that did not fail; the mode `all` has lines without
   * records. A field, so that asking costs nothing; true until the first record after the filter.
   */
  wantsAll: boolean;
  /** Lines handed to the log. */
  written = 0;
  /** Lines that were wanted and not written, whatever the reason. */
  dropped = 0;
  /** Of those: over what one second may have. */
  droppedByRate = 0;
  readonly #options: AccessLogOptions;
  readonly #log: LineLog;
  readonly #clock: Clock;
  #orders: Order[] = [];
  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #linesInWindow = 0;
  #confessed = 0;
  #isConfessing = false;

  constructor(options: AccessLogOptions, log: LineLog, clock: Clock) {
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.wantsAll = this.#wantsAll();
  }

  /** Writes the record's line, if anybody wants it and there is room. */
  add(record: RequestRecord): void {
    const nowMs = this.#clock.nowMs();
    const error = isError(record);
    // Filters are asked always: each counts what it matched.
    const isOrdered = this.#isOrdered(record, nowMs);
    if (!isOrdered && !this.#isUsual(record, error)) return;
    const isAskedFor = isOrdered || this.#options.mode === 'all';
    if (!isAskedFor && !this.#hasRate(nowMs)) {
      this.dropped++;
      this.droppedByRate++;
      this.#confessSoon();
      return;
    }
    if (!this.takes()) return;
    if (!isAskedFor) this.#linesInWindow++;
    this.written++;
    const level = record.isFailed ? LEVEL.ERROR : error ? LEVEL.WARN : LEVEL.INFO;
    this.#log.append(level, accessFields(record));
  }

  /** Whether one more line has room; if not, it is dropped, and counted. */
  takes(): boolean {
    if (this.#log.takes(limits.accessBufferBytesMax)) return true;
    this.dropped++;
    return false;
  }

  /** One more line, of a good request, is held there. */
  hold(lines: LineSource): void {
    this.written++;
    this.#log.hold(lines);
  }

  layHeld(): void {
    this.#log.layHeld();
  }

  /** Of good requests, 0 to 1. */
  get sample(): number {
    return this.#options.sample;
  }

  /** Whether good requests have lines without anybody's order. */
  get isOfAll(): boolean {
    return this.#options.mode === 'all' && this.sample > 0;
  }

  /** Logs what matches for so long; the same filter again is renewed. False: too many filters. */
  order(filter: AccessFilter, forMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    this.#expire(nowMs);
    const untilMs = nowMs + Math.min(forMs, limits.accessFilterMsMax);
    const text = JSON.stringify(filter);
    const known = this.#orders.find((order) => order.text === text);
    if (known !== undefined) {
      known.untilMs = untilMs;
      return true;
    }
    if (this.#orders.length >= limits.accessFiltersMax) return false;
    this.#orders.push({ filter, text, untilMs, matched: 0 });
    this.wantsAll = this.#wantsAll();
    return true;
  }

  /** Ends every filter: what the proxy was started with stays. */
  endOrders(): void {
    this.#orders = [];
    this.wantsAll = this.#wantsAll();
  }

  /** For people: what is in force, and what it has cost. */
  state() {
    const nowMs = this.#clock.nowMs();
    this.#expire(nowMs);
    const { written, dropped, droppedByRate } = this;
    return {
      mode: this.#options.mode,
      sample: this.#options.sample,
      filters: this.#orders.map(({ filter, untilMs, matched }) => ({
        ...filter,
        endsInMs: Math.ceil(untilMs - nowMs),
        matched,
      })),
      lines: { written, dropped, droppedByRate },
    };
  }

  #isUsual(record: RequestRecord, error: boolean): boolean {
    const { mode, sample } = this.#options;
    if (mode === 'none') return false;
    return error || (mode === 'all' && isSampled(record.traceId, sample));
  }

  #isOrdered(record: RequestRecord, nowMs: number): boolean {
    if (this.#orders.length === 0) return false;
    this.#expire(nowMs);
    let any = false;
    for (const order of this.#orders) {
      if (!isMatched(order.filter, record)) continue;
      order.matched++;
      any = true;
    }
    return any;
  }

  #expire(nowMs: number): void {
    if (this.#orders.every(({ untilMs }) => nowMs < untilMs)) return;
    this.#orders = this.#orders.filter(({ untilMs }) => nowMs < untilMs);
    this.wantsAll = this.#wantsAll();
  }

  #wantsAll(): boolean {
    return this.#orders.some(({ filter }) => filter.mode === 'all');
  }

  #hasRate(nowMs: number): boolean {
    if (nowMs >= this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + WINDOW_MS;
      this.#linesInWindow = 0;
    }
    return this.#linesInWindow < limits.accessLinesPerSecondMax;
  }

  /** A timer, since the flood may be over and no record may come for hours. */
  #confessSoon(): void {
    if (this.#isConfessing) return;
    this.#isConfessing = true;
    setTimeout(() => this.#confess(), WINDOW_MS).unref();
  }

  #confess(): void {
    this.#isConfessing = false;
    if (!this.#log.takes(limits.logBufferBytesMax)) return this.#confessSoon();
    const dropped = this.droppedByRate - this.#confessed;
    this.#confessed = this.droppedByRate;
    const bound = limits.accessLinesPerSecondMax;
    const message = `over ${bound} access lines a second: some were dropped`;
    this.#log.append(LEVEL.WARN, `,"dropped":${dropped},"msg":"${message}"`);
  }
}
