/**
 * The proxy's log: one JSON object a line, in pino's format, many lines in one write.
 *
 * Lines of one turn of the loop leave together. A reader that is too slow loses lines, which are
 * counted and confessed in the next line that gets through; it never stops requests and never grows
 * memory beyond `logBufferBytesMax`. Pino itself was refused: 8.7 µs a line, and 10 MB. A batch
 * leaves as bytes: a stream that queues text would keep every string that it was put together from.
 *
 * Impure in the sink and the wall clock, both handed in. Made by `main.ts`.
 */
import { limits } from '../limits.ts';

/** What of a `Writable` a log needs: stdout is one. */
export interface LogSink {
  readonly writableLength: number;
  write(bytes: Uint8Array): unknown;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Pino's numbers. */
export const LEVEL = { INFO: 30, WARN: 40, ERROR: 50 } as const;
export type Level = (typeof LEVEL)[keyof typeof LEVEL];

export class LineLog implements Log {
  readonly #sink: LogSink;
  readonly #name: string;
  /** What stands between the time and the fields of a line. */
  readonly #nameField: string;
  readonly #wallMs: () => number;
  #batch = '';
  #isScheduled = false;
  #dropped = 0;
  #confessed = 0;
  /** For others to be written with. */
  #isWaiting = false;

  constructor(sink: LogSink, name: string, wallMs: () => number) {
    this.#sink = sink;
    this.#name = name;
    this.#nameField = `,"name":${JSON.stringify(name)}`;
    this.#wallMs = wallMs;
  }

  /** Lines lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  info(fields: LogFields, message: string): void {
    this.#add(LEVEL.INFO, fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#add(LEVEL.WARN, fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#add(LEVEL.ERROR, fields, message);
  }

  /** Whether one more line may wait behind less than `bytesMax`; if not, it counts as dropped. */
  takes(bytesMax: number): boolean {
    if (this.#batch.length + this.#sink.writableLength < bytesMax) return true;
    this.#dropped++;
    return false;
  }

  /**
   * A line that `takes` has let in, one of many: it may wait a moment for others, since a write
   * costs more than the line. `fields` are JSON already: `,"a":1,"msg":"b"`.
   */
  append(level: Level, fields: string): void {
    this.#confess();
    this.#batch += `{"level":${level},"time":${this.#wallMs()}${this.#nameField}${fields}}\n`;
    if (this.#batch.length >= limits.logBatchBytes) return this.#flushSoon();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.flush();
    }, limits.logBatchMs).unref();
  }

  /** Hands over what waits: before the process ends. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#batch === '') return;
    const bytes = Buffer.from(this.#batch);
    this.#batch = '';
    this.#sink.write(bytes);
  }

  #add(level: Level, fields: LogFields, message: string): void {
    if (this.takes(limits.logBufferBytesMax)) this.#push(this.#line(level, fields, message));
  }

  #push(line: string): void {
    this.#confess();
    this.#batch += line;
    this.#flushSoon();
  }

  #confess(): void {
    if (this.#dropped === this.#confessed) return;
    const dropped = this.#dropped - this.#confessed;
    this.#confessed = this.#dropped;
    this.#batch += this.#line(LEVEL.WARN, { dropped }, 'log lines were dropped');
  }

  #flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  #line(level: Level, fields: LogFields, msg: string): string {
    const line = { level, time: this.#wallMs(), name: this.#name, ...fields, msg };
    return `${JSON.stringify(line)}\n`;
  }
}

export function createLog(sink: LogSink): LineLog {
  return new LineLog(sink, 'remora-proxy', () => Date.now());
}

export const silentLog: Log = { info: nothing, warn: nothing, error: nothing };

function nothing(): void {}
