/**
 * A scriptable upstream: a bare TCP server whose answers are functions on bytes.
 *
 * It can do what a well-behaved server library cannot: answer before the request's end, answer
 * twice, stop in the middle, reset, send garbage. What it receives is read strictly, and everything
 * is recorded, so that a test can ask how many connections there were and what came over each.
 *
 * Used by process-level tests. `answer` may be replaced between tests; `reset()` forgets.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Message, MessageReader } from './message-reader.ts';
import { until } from './waiting.ts';

export interface OriginRequest extends Message {
  readonly method: string;
  readonly target: string;
  readonly connection: OriginConnection;
}

/** Called when a request's head was read (`onHead`) or when all of it was (`answer`). */
export type Answer = (request: OriginRequest) => void | Promise<void>;

export class OriginConnection {
  readonly socket: Socket;
  readonly requests: OriginRequest[] = [];
  /** Body bytes of the request being read. */
  bodyBytes = 0;
  /** Bytes after the origin answered 101. */
  raw: Buffer = Buffer.alloc(0);
  ended: 'open' | 'end' | 'reset' = 'open';
  /** True once the origin has switched protocols on this connection. */
  switched = false;
  grammar: Error | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Writes bytes as they are. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

export class Origin {
  answer: Answer;
  /** Called when the head was read, before any of the body; answers there are early answers. */
  onHead: Answer | null = null;
  /** Called for each part of a request's body. */
  onBody: ((part: Buffer, connection: OriginConnection) => void) | null = null;
  connections: OriginConnection[] = [];
  requests: OriginRequest[] = [];
  readonly #server: Server;
  readonly #default: Answer;
  readonly #sockets = new Set<Socket>();

  constructor(answer: Answer) {
    this.answer = answer;
    this.#default = answer;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  /** Back to the first answer, with nothing recorded and no connection kept. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.connections = [];
    this.requests = [];
    this.answer = this.#default;
    this.onHead = null;
    this.onBody = null;
  }

  async requestsReach(count: number, limitMs?: number): Promise<void> {
    const what = () => `${count} requests at the origin, got ${this.requests.length}`;
    await until(() => this.requests.length >= count, what(), limitMs);
  }

  /** Refuses connections from now on; those that are open go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const connection = new OriginConnection(socket);
    this.connections.push(connection);
    this.#sockets.add(socket);
    const reader = new MessageReader('request', {
      onHead: (message) => {
        connection.bodyBytes = 0;
        if (this.onHead !== null) this.#call(this.onHead, requestOf(message, connection));
      },
      onBody: (part) => {
        connection.bodyBytes += part.length;
        this.onBody?.(part, connection);
      },
      onMessage: (message) => {
        const request = requestOf(message, connection);
        connection.requests.push(request);
        this.requests.push(request);
        this.#call(this.answer, request);
      },
    });
    socket.on('data', (data) => {
      const bytes = data as Buffer; // No encoding was set.
      if (connection.switched) {
        connection.raw = Buffer.concat([connection.raw, bytes]);
        return;
      }
      try {
        reader.feed(bytes);
      } catch (error) {
        connection.grammar = error as Error;
        socket.destroy();
      }
    });
    socket.on('end', () => {
      connection.ended = 'end';
      if (!connection.switched) socket.end();
    });
    socket.on('error', () => {
      connection.ended = 'reset';
    });
    socket.on('close', () => {
      if (connection.ended === 'open') connection.ended = 'end';
      this.#sockets.delete(socket);
    });
  }

  #call(answer: Answer, request: OriginRequest): void {
    // A rejection ends the test run by way of the runner's unhandled rejection, with its stack.
    void answer(request);
  }
}

/** Starts an origin that says 200 with a small body until told otherwise. */
export async function startOrigin(answer: Answer = sayOk): Promise<Origin> {
  const origin = new Origin(answer);
  await origin.listen();
  return origin;
}

/** The default answer: 200 and `ok`, or only its head for HEAD. */
export function sayOk({ method, connection }: OriginRequest): void {
  const whole = response({ body: 'ok' });
  connection.send(method === 'HEAD' ? whole.subarray(0, -2) : whole);
}

export interface ResponseParts {
  readonly status?: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A whole response, framed by Content-Length. */
export function response({ status = 200, fields = {}, body = '' }: ResponseParts): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} Status\r\ncontent-length: ${bytes.length}\r\n`;
  return Buffer.concat([Buffer.from(`${head}${lines.join('')}\r\n`, 'latin1'), bytes]);
}

/** Bytes as one chunk of a chunked body. */
export function chunk(bytes: string | Uint8Array): Buffer {
  const body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
}

function requestOf(message: Message, connection: OriginConnection): OriginRequest {
  const [method = '', target = ''] = message.startLine.split(' ');
  const { startLine, fields, body, trailers, framing } = message;
  return { startLine, fields, body, trailers, framing, method, target, connection };
}
