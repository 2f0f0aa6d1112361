/**
 * A small, strict reader of HTTP/1 messages, for both ends of the wire in tests.
 *
 * It exists to disagree: what the proxy writes must parse here under the bare grammar, with one
 * meaning, or the test fails. So there is no lenient branch, and no code shared with the proxy.
 * A message ends by its own framing; only a response may end with its connection.
 *
 * Pure: bytes in by `feed` and `end`, events out. Used by `origin.ts` and `raw-client.ts`.
 */

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Message {
  /** `GET /a HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly startLine: string;
  readonly fields: Fields;
  /** The whole body, without framing; grows while the message is read. */
  readonly body: Buffer;
  readonly trailers: Fields;
  /** How the body was framed. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
}

export interface ReaderEvents {
  onHead?(message: Message): void;
  onBody?(part: Buffer, message: Message): void;
  onMessage(message: Message): void;
  /** After a 101: everything that follows. */
  onRaw?(bytes: Buffer): void;
}

export class GrammarError extends Error {}

const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP\/1\.[01]$/;
const STATUS_LINE = /^HTTP\/1\.[01] [1-5][0-9]{2} [\t\x20-\x7e\x80-\xff]*$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,8}$/;
const NOTHING = Buffer.alloc(0);

type Phase =
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'close'
  | 'raw';

interface Open {
  startLine: string;
  fields: [string, string][];
  parts: Buffer[];
  trailers: [string, string][];
  framing: Message['framing'];
  body: Buffer;
}

/** Values of a field by its name in lower case, in order. */
export function fieldValues(fields: Fields, name: string): string[] {
  return fields.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}

/** A field's only value; undefined without it, and an error if it stands twice. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  const values = fieldValues(fields, name);
  if (values.length > 1) throw new GrammarError(`${name} stands ${values.length} times`);
  return values[0];
}

/** The status of a response. */
export function statusOf(message: Message): number {
  return Number(message.startLine.slice(9, 12));
}

export class MessageReader {
  readonly #kind: 'request' | 'response';
  readonly #events: ReaderEvents;
  /** Methods of the requests whose responses come next: a HEAD's has no body. */
  readonly #methods: string[] = [];
  #phase: Phase = 'head';
  #bytes: Buffer = NOTHING;
  #left = 0;
  #open: Open | null = null;

  constructor(kind: 'request' | 'response', events: ReaderEvents) {
    this.#kind = kind;
    this.#events = events;
  }

  /** Responses: says which request the next response answers. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  /** Whether a message was begun and not finished. */
  get isInside(): boolean {
    return this.#phase !== 'head' || this.#bytes.length > 0;
  }

  feed(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    while (this.#advance());
  }

  /** The peer closed: ends a body that is delimited by it, else the message is truncated. */
  end(): void {
    if (this.#phase === 'close') this.#finish();
    else if (this.#phase !== 'raw' && this.isInside) {
      throw new GrammarError(`closed inside a message (${this.#phase})`);
    }
  }

  #advance(): boolean {
    switch (this.#phase) {
      case 'head':
        return this.#readHead();
      case 'length':
      case 'chunk':
        return this.#readCounted();
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk-end':
        if (this.#bytes.length < 2) return false;
        if (this.#line() !== '') throw new GrammarError('a chunk is longer than its size');
        this.#phase = 'chunk-size';
        return true;
      case 'trailers':
        return this.#readTrailer();
      case 'close':
        return this.#take(this.#bytes.length);
      case 'raw':
        if (this.#bytes.length > 0) this.#events.onRaw?.(this.#bytes);
        this.#bytes = NOTHING;
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const [startLine = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n');
    const grammar = this.#kind === 'request' ? REQUEST_LINE : STATUS_LINE;
    if (!grammar.test(startLine)) throw new GrammarError(`start line ${JSON.stringify(startLine)}`);
    this.#bytes = this.#bytes.subarray(end + 4);
    const fields = lines.map(parseField);
    const open: Open = {
      startLine,
      fields,
      parts: [],
      trailers: [],
      framing: 'none',
      body: NOTHING,
    };
    this.#open = open;
    this.#frame(open);
    this.#events.onHead?.(open);
    if (open.framing === 'none') this.#finish();
    return true;
  }

  #frame(open: Open): void {
    const length = fieldValue(open.fields, 'content-length');
    const coding = fieldValue(open.fields, 'transfer-encoding');
    if (length !== undefined && coding !== undefined) throw new GrammarError('framed twice');
    if (length !== undefined && !/^[0-9]{1,15}$/.test(length)) throw new GrammarError('length');
    if (coding !== undefined && coding !== 'chunked') throw new GrammarError('transfer coding');
    if (this.#kind === 'response' && this.#hasNoBody(open)) return;
    if (coding !== undefined) {
      open.framing = 'chunked';
      this.#phase = 'chunk-size';
    } else if (length !== undefined && length !== '0') {
      open.framing = 'length';
      this.#phase = 'length';
      this.#left = Number(length);
    } else if (length === undefined && this.#kind === 'response') {
      open.framing = 'close';
      this.#phase = 'close';
    }
  }

  #hasNoBody(open: Open): boolean {
    const status = statusOf(open);
    if (status < 200 && status !== 101) return true; // The final answer is still to come.
    const method = this.#methods.shift() ?? 'GET';
    if (status === 101) {
      this.#phase = 'raw';
      return true;
    }
    return method === 'HEAD' || status === 204 || status === 304;
  }

  #readCounted(): boolean {
    const taken = Math.min(this.#left, this.#bytes.length);
    this.#left -= taken;
    const progress = this.#take(taken);
    if (this.#left > 0) return progress;
    if (this.#phase === 'chunk') this.#phase = 'chunk-end';
    else this.#finish();
    return true;
  }

  #readChunkSize(): boolean {
    const line = this.#line();
    if (line === null) return false;
    if (!CHUNK_SIZE.test(line)) throw new GrammarError(`chunk size ${JSON.stringify(line)}`);
    this.#left = Number.parseInt(line, 16);
    this.#phase = this.#left === 0 ? 'trailers' : 'chunk';
    return true;
  }

  #readTrailer(): boolean {
    const line = this.#line();
    if (line === null) return false;
    if (line === '') this.#finish();
    else this.#open!.trailers.push(parseField(line));
    return true;
  }

  #take(count: number): boolean {
    if (count === 0) return false;
    // A copy: the socket's buffer is not ours to keep.
    const part = Buffer.from(this.#bytes.subarray(0, count));
    this.#bytes = this.#bytes.subarray(count);
    this.#open!.parts.push(part);
    this.#events.onBody?.(part, this.#open!);
    return true;
  }

  #line(): string | null {
    const end = this.#bytes.indexOf('\r\n');
    if (end === -1) return null;
    const line = this.#bytes.toString('latin1', 0, end);
    this.#bytes = this.#bytes.subarray(end + 2);
    return line;
  }

  #finish(): void {
    const open = this.#open!;
    this.#open = null;
    open.body = Buffer.concat(open.parts);
    if (this.#phase !== 'raw') this.#phase = 'head';
    this.#events.onMessage(open);
  }
}

function parseField(line: string): [string, string] {
  const parts = FIELD.exec(line);
  if (parts === null) throw new GrammarError(`field line ${JSON.stringify(line)}`);
  return [parts[1]!, parts[2]!.replace(/[\t ]+$/, '')];
}
