/**
 * The upstream of the socket suite: records what comes on each connection, and answers each whole
 * request, numbered, so that a test knows whose answer a client got. The script may be hostile.
 *
 * Sockets; used by the socket suites only.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Message, readRequests } from './strict-grammar.ts';

interface Connection {
  readonly number: number;
  readonly socket: Socket;
  parts: Buffer[];
  answered: number;
}

interface Received {
  /** Unique in this upstream, in order of arrival; in the answer as X-Up. */
  readonly number: number;
  readonly connection: number;
  readonly message: Message;
}

/** Writes the answer to what was received. */
export type Answer = (received: Received, socket: Socket) => void;

export function plainAnswer({ number, message }: Received, socket: Socket): void {
  const body = message.method === 'HEAD' ? '' : 'ok';
  socket.write(`HTTP/1.1 200 OK\r\nX-Up: ${number}\r\nContent-Length: 2\r\n\r\n${body}`);
}

export class RecordingUpstream {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #connectionsSeen = 0;
  #requestsSeen = 0;
  answer: Answer = plainAnswer;
  /** Since the last `mark`. */
  received: Received[] = [];

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const { socket } of this.#connections) socket.destroy();
    this.#server.close();
  }

  /** What comes from here on is the next case's. Connections that hold half a request end. */
  mark(): void {
    this.received = [];
    for (const connection of this.#connections) {
      const { fault, leftover } = readRequests(Buffer.concat(connection.parts));
      if (fault !== null || leftover > 0) connection.socket.destroy();
      connection.parts = [];
      connection.answered = 0;
    }
  }

  /** What breaks the grammar, of all that came since the last `mark`. */
  faults(): string[] {
    return [...this.#connections].flatMap(({ parts }) => {
      const { fault } = readRequests(Buffer.concat(parts));
      return fault === null ? [] : [fault];
    });
  }

  isOpen(number: number): boolean {
    return [...this.#connections].some((each) => each.number === number && !each.socket.destroyed);
  }

  #accept(socket: Socket): void {
    const number = ++this.#connectionsSeen;
    const connection: Connection = { number, socket, parts: [], answered: 0 };
    this.#connections.add(connection);
    socket.on('error', () => {});
    // One that is over stays until the next mark has judged it.
    socket.on('close', () => setTimeout(() => this.#connections.delete(connection), 2_000).unref());
    socket.on('end', () => socket.end());
    socket.on('data', (part: Buffer) => {
      connection.parts.push(part);
      const { messages, fault } = readRequests(Buffer.concat(connection.parts));
      for (const message of messages.slice(connection.answered)) {
        const received = { number: ++this.#requestsSeen, connection: number, message };
        connection.answered++;
        this.received.push(received);
        this.answer(received, socket);
      }
      if (fault !== null) socket.destroy(); // The case has failed; nobody needs to wait.
    });
  }
}
