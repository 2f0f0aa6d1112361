/**
 * One endpoint of an upstream Service: a bare TCP server that works, or fails as it is told.
 *
 * It answers with the key of the request, so that a client notices another's answer, and counts
 * what arrived and what was executed: what a proxy says about itself is not asked. Executed means
 * that the work was finished, whether or not anybody still waits.
 *
 * Owned by `upstream-program.ts`.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { epochMs } from '../machine/orders.ts';
import { type Behaviour, healthy, type Service } from './behaviour.ts';
import { type ReadRequest, RequestReader } from './request-reader.ts';
import { WorkerQueue } from './worker-queue.ts';

const ARRIVALS_KEPT = 400_000;
const IDLE_CLOSES_KEPT = 1_000;
/** So that what was written leaves before the reset. */
const RESET_DELAY_MS = 3;
const FILLER = Buffer.alloc(64 * 1024, 'remora ');

export interface Books {
  readonly executed: Uint8Array;
  readonly idleCloses: number[];
  unreadable: number;
}

/** Passes a request on; resolves with the status that came back. */
export type Forward = (request: ReadRequest) => Promise<number>;

export class EndpointServer {
  readonly arrivals: number[] = [];
  readonly #books: Books;
  readonly #random: () => number;
  readonly #forward: Forward | null;
  readonly #queue: WorkerQueue;
  readonly #sockets = new Set<Socket>();
  #service: Service;
  #behaviour: Behaviour = healthy;
  #server: Server | null = null;
  #port = 0;

  constructor(
    service: Service,
    world: { books: Books; random: () => number; forward: Forward | null },
  ) {
    this.#service = service;
    this.#queue = new WorkerQueue(service.workers);
    this.#books = world.books;
    this.#random = world.random;
    this.#forward = world.forward;
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.#port, host: '127.0.0.1', backlog: 4_096 }, resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  set service(service: Service) {
    this.#service = service;
    this.#queue.workers = service.workers;
  }

  async behave(behaviour: Behaviour): Promise<void> {
    const wasRefusing = this.#behaviour.fault === 'refuse';
    this.#behaviour = behaviour;
    if (behaviour.fault === 'refuse') {
      this.#server?.close();
      this.#server = null;
      for (const socket of this.#sockets) socket.resetAndDestroy();
    } else if (wasRefusing) {
      await this.listen();
    }
  }

  freeze(): void {
    this.#queue.freeze();
  }

  thaw(): void {
    this.#queue.thaw();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new RequestReader();
    const connection: Connection = { socket, idleTimer: undefined };
    socket.on('data', (bytes: Buffer) => {
      clearTimeout(connection.idleTimer);
      try {
        for (const request of reader.feed(bytes)) this.#arrive(connection, request);
      } catch {
        this.#books.unreadable++;
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(connection.idleTimer);
      this.#sockets.delete(socket);
    });
  }

  #arrive(connection: Connection, request: ReadRequest): void {
    if (this.arrivals.length < ARRIVALS_KEPT) this.arrivals.push(epochMs());
    const { fault, share, slowMs } = this.#behaviour;
    const isHit = fault !== 'none' && this.#random() < share;
    if (isHit && fault === 'stall') return;
    const resetsBefore = fault === 'reset-around' && this.#random() < 0.5;
    if (isHit && (fault === 'reset-before-head' || resetsBefore)) {
      connection.socket.resetAndDestroy();
      return;
    }
    const serviceMs = this.#drawServiceMs() + (isHit && fault === 'slow' ? slowMs : 0);
    const done = () => this.#work(connection, request, isHit ? fault : 'none');
    if (serviceMs === 0 && this.#service.workers === 0) done();
    else this.#queue.add(serviceMs, done);
  }

  #work(connection: Connection, request: ReadRequest, fault: Behaviour['fault']): void {
    const bytes = /^\/bytes\/(\d+)$/.exec(request.path)?.[1];
    if (bytes !== undefined) return sendBytes(connection.socket, Number(bytes));
    if (this.#forward === null) {
      this.#finish(connection, request, fault, 200);
      return;
    }
    void this.#forward(request).then((status) => this.#finish(connection, request, fault, status));
  }

  #finish(
    connection: Connection,
    request: ReadRequest,
    fault: Behaviour['fault'],
    status: number,
  ): void {
    const { executed } = this.#books;
    if (request.key >= 0 && request.key < executed.length && executed[request.key]! < 255) {
      executed[request.key]!++;
    }
    if (!connection.socket.destroyed) this.#answer(connection, request, fault, status);
  }

  #answer(
    connection: Connection,
    { key }: ReadRequest,
    fault: Behaviour['fault'],
    status: number,
  ): void {
    const { socket } = connection;
    const whole = answerText(status, `key=${key}`);
    switch (fault) {
      case 'reset-around':
        socket.resetAndDestroy();
        return;
      case 'reset-in-head':
        return resetAfter(socket, whole.slice(0, 14));
      case 'reset-after-head':
        return resetAfter(socket, whole.slice(0, -3));
      case 'garbage':
        socket.write(Buffer.from(Array.from({ length: 64 }, () => this.#random() * 256)));
        return;
      case 'twice':
        socket.write(whole + answerText(200, 'key=999999999'), 'latin1');
        return;
      case 'status-503':
        socket.write(answerText(503, 'unavailable'), 'latin1');
        return;
      default:
        socket.write(whole, 'latin1');
        this.#letIdle(connection);
    }
  }

  #letIdle(connection: Connection): void {
    const { fault, idleMs } = this.#behaviour;
    if (fault !== 'idle-close' && fault !== 'idle-close-at-random') return;
    const waitMs = fault === 'idle-close' ? idleMs : this.#random() * idleMs;
    connection.idleTimer = setTimeout(() => {
      const { idleCloses } = this.#books;
      if (idleCloses.length < IDLE_CLOSES_KEPT) idleCloses.push(epochMs());
      connection.socket.destroy();
    }, waitMs);
  }

  #drawServiceMs(): number {
    const { times } = this.#service;
    if (times.length === 1) return times[0]![1];
    let left = this.#random();
    for (const [share, ms] of times) {
      left -= share;
      if (left < 0) return ms;
    }
    return times.at(-1)?.[1] ?? 0;
  }
}

interface Connection {
  readonly socket: Socket;
  idleTimer: NodeJS.Timeout | undefined;
}

/** As fast as the reader takes them, and no faster. */
function sendBytes(socket: Socket, count: number): void {
  let left = count;
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${count}\r\n\r\n`, 'latin1');
  const send = () => {
    while (left > 0 && !socket.destroyed) {
      const length = Math.min(left, FILLER.length);
      left -= length;
      if (!socket.write(FILLER.subarray(0, length))) {
        socket.once('drain', send);
        return;
      }
    }
  };
  send();
}

function answerText(status: number, body: string): string {
  return `HTTP/1.1 ${status} Status\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

function resetAfter(socket: Socket, text: string): void {
  socket.write(text, 'latin1');
  setTimeout(() => socket.resetAndDestroy(), RESET_DELAY_MS);
}
