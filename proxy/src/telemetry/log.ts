/**
 * The proxy's log: one JSON object a line, in pino's format, many lines in one write.
 *
 * The proxy's own lines leave at the turn's end, and access lines wait `logBatchMs`. A reader that
 * is too slow loses lines, which are counted and confessed in the next line that gets through; it
 * never stops requests and never grows memory beyond `logBufferBytesMax`. Lines wait as bytes: text
 * would outlive its youth, and cost a collection. Pino was refused: 8.7 µs a line, 10 MB.
 *
 * Impure in the sink and the wall clock, both handed in. Made by `main.ts`.
 */
import { writeDecimal } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import { layWords, Words, WORDS_OVERRUN } from './words.ts';

export interface LogSink {
  /** Bytes that it holds. */
  readonly writableLength: number;
  /** True: taken at once. Otherwise the bytes are the writer's again when `done` is called. */
  write(bytes: Uint8Array, done: () => void): boolean;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Of one unit of text. */
const UTF8_BYTES_MAX = 3;

/** Milliseconds below 2^53. */
const TIME_DIGITS_MAX = 16;

/** Lines that wait in another form, to be laid together. */
export interface LineSource {
  /** Lays each with `beginLine` and `endLine`, and holds none then. */
  lay(log: LineLog): void;
}

/** Pino's numbers. */
export const LEVEL = { INFO: 30, WARN: 40, ERROR: 50 } as const;
export type Level = (typeof LEVEL)[keyof typeof LEVEL];

const INFO_BEGIN = new Words(`{"level":${LEVEL.INFO},"time":`);

/** Lines that wait to be written. */
export class LogBatch {
  readonly bytes = Buffer.allocUnsafeSlow(limits.logBatchBytes);
  readonly view = new DataView(this.bytes.buffer);
}

export class LineLog implements Log {
  readonly #sink: LogSink;
  readonly #name: string;
  /** What stands between the time and the fields of a line. */
  readonly #nameField: string;
  readonly #nameWords: Words;
  readonly #wallMs: () => number;
  /** What waits, as bytes at once, so that the texts die young. Made for the first line. */
  #batch: LogBatch | null = null;
  /** One that was written, for the batch after this. */
  #spare: LogBatch | null = null;
  #filled = 0;
  #isScheduled = false;
  #dropped = 0;
  #confessed = 0;
  /** For others to be written with. */
  #isWaiting = false;
  #held: LineSource | null = null;

  constructor(sink: LogSink, name: string, wallMs: () => number) {
    this.#sink = sink;
    this.#name = name;
    this.#nameField = `,"name":${JSON.stringify(name)}`;
    this.#nameWords = new Words(this.#nameField);
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
    if (this.#filled + this.#sink.writableLength < bytesMax) return true;
    this.#dropped++;
    return false;
  }

  /**
   * A line that `takes` has let in, one of many: it may wait a moment for others, since a write
   * costs more than the line. `fields` are JSON already: `,"a":1,"msg":"b"`.
   */
  append(level: Level, fields: string): void {
    this.layHeld();
    this.#confess();
    this.#put(`{"level":${level},"time":${this.#wallMs()}${this.#nameField}${fields}}\n`);
    this.#flushLater();
  }

  /**
   * Begins a line of level INFO and of at most so many bytes, which is laid into `batch` from there
   * on and ended with `endLine`; one that is not ended never was. After `takes`.
   */
  beginLine(wallMs: number, bytesMax: number): number {
    this.#confess();
    const ownMax = INFO_BEGIN.length + TIME_DIGITS_MAX + this.#nameWords.length + WORDS_OVERRUN;
    if (ownMax + bytesMax > this.#room) this.#write();
    const { bytes, view } = this.batch;
    const at = layWords(view, this.#filled, INFO_BEGIN);
    return layWords(view, writeDecimal(bytes, at, wallMs), this.#nameWords);
  }

  get batch(): LogBatch {
    if (this.#batch === null) {
      this.#batch = this.#spare ?? new LogBatch();
      this.#spare = null;
    }
    return this.#batch;
  }

  /** `end`: where the line ends, its line feed included. */
  endLine(end: number): void {
    this.#filled = end;
    this.#flushLater();
  }

  /** Lines that `takes` has let in wait there: they are laid before any that comes after them. */
  hold(lines: LineSource): void {
    if (this.#held === lines) return;
    this.layHeld();
    this.#held = lines;
    this.#flushLater();
  }

  layHeld(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    held.lay(this);
  }

  /** Hands over what waits: before the process ends. */
  flush(): void {
    this.layHeld();
    this.#write();
  }

  #write(): void {
    this.#isScheduled = false;
    if (this.#filled === 0) return;
    const batch = this.#batch!;
    const bytes = batch.bytes.subarray(0, this.#filled);
    this.#filled = 0;
    // Few bytes are copied: while a reader sleeps, each write would hold a whole batch.
    if (bytes.length < limits.logBatchBytes / 2 && this.#sink.writableLength > 0) {
      this.#sink.write(Buffer.from(bytes), nothing);
      return;
    }
    const isTaken = this.#sink.write(bytes, () => {
      this.#spare = batch;
    });
    if (!isTaken) this.#batch = null;
  }

  #add(level: Level, fields: LogFields, message: string): void {
    if (!this.takes(limits.logBufferBytesMax)) return;
    this.layHeld();
    this.#confess();
    this.#put(this.#line(level, fields, message));
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.flush());
  }

  #flushLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.flush();
    }, limits.logBatchMs).unref();
  }

  #confess(): void {
    if (this.#dropped === this.#confessed) return;
    const dropped = this.#dropped - this.#confessed;
    this.#confessed = this.#dropped;
    this.#put(this.#line(LEVEL.WARN, { dropped }, 'log lines were dropped'));
  }

  #put(line: string): void {
    const most = line.length * UTF8_BYTES_MAX;
    if (most > this.#room) this.#write();
    if (most > this.#room) this.#sink.write(Buffer.from(line), nothing);
    else this.#filled += this.batch.bytes.write(line, this.#filled);
  }

  get #room(): number {
    return limits.logBatchBytes - this.#filled;
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
