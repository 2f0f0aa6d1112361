/**
 * The proxy's log: one JSON object a line, in pino's format, many lines in one write.
 *
 * Lines of one turn of the loop leave together. A reader that is too slow loses lines, which are
 * counted and confessed in the next line that gets through; it never stops requests and never grows
 * memory beyond `logBufferBytesMax`. Pino itself was refused: 8.7 µs a line, and 10 MB.
 *
 * Impure in the sink and the wall clock, both handed in. Made by `main.ts`.
 */
import { limits } from '../limits.ts';

/** What of a `Writable` a log needs: stdout is one. */
export interface LogSink {
  readonly writableLength: number;
  write(text: string): unknown;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

const INFO = 30;
const WARN = 40;
const ERROR = 50;

export class LineLog implements Log {
  readonly #sink: LogSink;
  readonly #name: string;
  readonly #wallMs: () => number;
  #batch = '';
  #isScheduled = false;
  #dropped = 0;
  #confessed = 0;

  constructor(sink: LogSink, name: string, wallMs: () => number) {
    this.#sink = sink;
    this.#name = name;
    this.#wallMs = wallMs;
  }

  /** Lines lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  info(fields: LogFields, message: string): void {
    this.#add(INFO, fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#add(WARN, fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#add(ERROR, fields, message);
  }

  /** Hands over what waits: before the process ends. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#batch === '') return;
    this.#sink.write(this.#batch);
    this.#batch = '';
  }

  #add(level: number, fields: LogFields, message: string): void {
    if (this.#batch.length + this.#sink.writableLength >= limits.logBufferBytesMax) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > this.#confessed) {
      const dropped = this.#dropped - this.#confessed;
      this.#confessed = this.#dropped;
      this.#batch += this.#line(WARN, { dropped }, 'log lines were dropped');
    }
    this.#batch += this.#line(level, fields, message);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  #line(level: number, fields: LogFields, msg: string): string {
    const line = { level, time: this.#wallMs(), name: this.#name, ...fields, msg };
    return `${JSON.stringify(line)}\n`;
  }
}

export function createLog(sink: LogSink): LineLog {
  return new LineLog(sink, 'remora-proxy', () => Date.now());
}

export const silentLog: Log = { info: nothing, warn: nothing, error: nothing };

function nothing(): void {}
