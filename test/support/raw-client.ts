/**
 * A client that is nothing but a TCP connection: it sends the bytes it is told to, in the pieces it
 * is told to, and reads answers strictly.
 *
 * An HTTP library would tidy up what a test wants to send, and would hide how a connection ended.
 * `ended` tells a clean end from a reset, which is what a truncated body must be.
 *
 * Used by process-level tests. Every wait has a time limit and says what it waited for.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import { fieldValue, type Message, MessageReader, statusOf } from './message-reader.ts';
import { splitAddress, within } from './waiting.ts';

export interface Response extends Message {
  readonly status: number;
  /** 1xx answers that came before it, in order. */
  readonly interim: readonly Message[];
  /** Monotonic time at which its last byte was read. */
  readonly atMs: number;
}

export type End = 'open' | 'end' | 'reset';

export class RawClient {
  readonly socket: Socket;
  readonly responses: Response[] = [];
  /** Body bytes of the response being read, and when they came. */
  readonly parts: { readonly atMs: number; readonly bytes: Buffer }[] = [];
  /** What came after a 101. */
  raw: Buffer = Buffer.alloc(0);
  ended: End = 'open';
  /** What the reader refused, or null. */
  grammar: Error | null = null;
  readonly #reader: MessageReader;
  #taken = 0;
  #interim: Message[] = [];
  #changed = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.unref(); // A connection that a test leaves open must not keep the run from ending.
    this.#reader = new MessageReader('response', {
      onBody: (bytes) => {
        this.parts.push({ atMs: performance.now(), bytes });
      },
      onMessage: (message) => this.#onMessage(message),
      onRaw: (bytes) => {
        this.raw = Buffer.concat([this.raw, bytes]);
      },
    });
    socket.on('data', (bytes) => this.#read(() => this.#reader.feed(bytes as Buffer)));
    socket.on('end', () => {
      this.ended = 'end';
      this.#read(() => this.#reader.end());
    });
    socket.on('error', () => {
      this.ended = 'reset';
      this.#changed();
    });
    socket.on('close', () => this.#changed());
  }

  /** Sends bytes as they are. `method` of each request in them, so that a HEAD's answer is read. */
  send(bytes: string | Uint8Array, ...methods: string[]): void {
    const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
    const given = methods.length > 0 ? methods : [text.slice(0, text.indexOf(' '))];
    for (const method of given) this.#reader.expect(method);
    this.write(bytes);
  }

  /** Sends more bytes of a request that was begun by `send`. */
  write(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next final response. */
  async response(limitMs = 5_000): Promise<Response> {
    const wanted = ++this.#taken;
    await this.#until(
      () => this.responses.length >= wanted || this.#isOver(),
      limitMs,
      'a response',
    );
    const response = this.responses[wanted - 1];
    if (response === undefined) {
      const why = this.grammar?.message ?? `the connection: ${this.ended}`;
      throw new Error(`no response ${wanted}: ${why}`, { cause: this.grammar });
    }
    return response;
  }

  /** One request, one response. */
  async ask(request: string, limitMs?: number): Promise<Response> {
    this.send(request);
    return await this.response(limitMs);
  }

  /** How the connection ended: `end` is clean. */
  async closed(limitMs = 5_000): Promise<End> {
    await this.#until(() => this.ended !== 'open', limitMs, 'the end of the connection');
    return this.ended;
  }

  /** Waits until the bytes after a 101 are at least this long. */
  async rawBytes(count: number, limitMs = 5_000): Promise<Buffer> {
    await this.#until(
      () => this.raw.length >= count || this.#isOver(),
      limitMs,
      `${count} raw bytes`,
    );
    return this.raw;
  }

  /** Waits until this many body parts came, finished or not. */
  async bodyParts(count: number, limitMs = 5_000): Promise<void> {
    await this.#until(
      () => this.parts.length >= count || this.#isOver(),
      limitMs,
      `${count} parts`,
    );
  }

  /** Half-closes: the FIN goes out, reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Goes away without a word: a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  #onMessage(message: Message): void {
    const status = statusOf(message);
    if (status < 200 && status !== 101) {
      this.#interim.push(message);
      return;
    }
    this.responses.push({
      startLine: message.startLine,
      fields: message.fields,
      body: message.body,
      trailers: message.trailers,
      framing: message.framing,
      status,
      interim: this.#interim,
      atMs: performance.now(),
    });
    this.#interim = [];
  }

  #read(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.grammar = error as Error;
    }
    this.#changed();
  }

  #isOver(): boolean {
    return this.grammar !== null || this.ended !== 'open' || this.socket.destroyed;
  }

  async #until(isDone: () => boolean, limitMs: number, what: string): Promise<void> {
    if (isDone()) return;
    const done = new Promise<void>((resolve) => {
      this.#changed = () => {
        if (isDone()) resolve();
      };
    });
    await within(done, limitMs, () => `${what}; got ${this.responses.length} responses`);
  }
}

/** Connects to `127.0.0.1:PORT`. */
export async function connectRaw(address: string): Promise<RawClient> {
  const { host, port } = splitAddress(address);
  const socket = connectSocket({ host, port, allowHalfOpen: true });
  await within(
    new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    }),
    5_000,
    () => `a connection to ${address}`,
  );
  return new RawClient(socket);
}

/** One request over a connection of its own. */
export async function askOnce(address: string, request: string): Promise<Response> {
  const client = await connectRaw(address);
  try {
    return await client.ask(request);
  } finally {
    client.close();
  }
}

/** Whose answer it is: `x-remora-error`; undefined: the application's. */
export function errorOf({ fields }: Response): string | undefined {
  return fieldValue(fields, 'x-remora-error');
}

/** A request without a body, as a proxy's client sends it. */
export function get(url: string, fields: Record<string, string> = {}, method = 'GET'): string {
  const { host } = new URL(url);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`;
}

/** A request with all of its body. */
export function post(url: string, body: string, fields: Record<string, string> = {}): string {
  const framed = { ...fields, 'content-length': String(Buffer.byteLength(body, 'latin1')) };
  return `${get(url, framed, 'POST')}${body}`;
}
