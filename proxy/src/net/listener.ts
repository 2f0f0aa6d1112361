/**
 * Accepts connections, so that their reads land in our buffer, and keeps count of them.
 *
 * Node's server cannot be told to read into a given buffer, so the listening handle's accept
 * function is replaced: an internal of Node, used here alone. Where it is not as expected, the
 * server's own events are used: correct, slower. What Node's server did for us is done here: the
 * set of connections, their number, closing, and running out of descriptors.
 *
 * Not pure. Bound: `downstreamsMax`. Made by `proxy.ts`; `bench/hop` notices its loss.
 */
import { createServer, type Server, Socket } from 'node:net';
import { limits } from '../limits.ts';
import { Downstream, type DownstreamServer } from './downstream.ts';
import type { ReadBuffers } from './read-buffer.ts';
import { SocketStream, streamSlot } from './socket-stream.ts';

interface AcceptHandle {
  onconnection: (error: number, client: unknown) => void;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export class Listener {
  readonly connections: Set<Downstream> = new Set();
  /** Whether reads land in the shared buffer; false: the slower way by events. */
  isFast = false;
  refusedOverCap = 0;
  /** Connections taken since the start. */
  accepted = 0;
  readonly #server: Server;
  readonly #downstreams: DownstreamServer;
  readonly #buffers: ReadBuffers;
  readonly #mayTakeOver: boolean;

  /** `mayTakeOver` false: by events, as where the internal is gone. */
  constructor(downstreams: DownstreamServer, buffers: ReadBuffers, mayTakeOver = true) {
    this.#downstreams = downstreams;
    this.#buffers = buffers;
    this.#mayTakeOver = mayTakeOver;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Resolves with the address in use. Rejects as `listen` fails: in use, not permitted. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...address, backlog: limits.listenBacklog }, () => {
        this.#server.removeListener('error', reject);
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
    if (this.#mayTakeOver) this.#takeOverAccept();
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') throw new Error('Listener has no address');
    return { host: bound.address, port: bound.port };
  }

  /** Accepts no more; connections go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  forget(connection: Downstream): void {
    this.connections.delete(connection);
  }

  #takeOverAccept(): void {
    const handle = (this.#server as unknown as { _handle?: AcceptHandle })._handle;
    if (typeof handle?.onconnection !== 'function') return;
    this.isFast = true;
    const before = handle.onconnection;
    handle.onconnection = (error, client) => {
      if (error !== 0 || client === undefined) {
        this.#onAcceptError();
        return;
      }
      const slot = streamSlot(this.#buffers);
      let socket: Socket;
      try {
        socket = new Socket(socketOptions(client, slot.onread));
      } catch {
        this.isFast = false;
        handle.onconnection = before;
        before.call(handle, error, client);
        return;
      }
      socket.setNoDelay(true);
      const connection = this.#adopt(socket);
      if (connection === null) return;
      slot.stream = connection.stream as SocketStream;
      socket.resume();
    };
  }

  /** The way by events. */
  #accept(socket: Socket): void {
    const connection = this.#adopt(socket);
    if (connection !== null) (connection.stream as SocketStream).readByEvents();
  }

  #adopt(socket: Socket): Downstream | null {
    if (this.connections.size >= limits.downstreamsMax) {
      this.refusedOverCap++;
      socket.destroy();
      return null;
    }
    const connection = new Downstream(this.#downstreams);
    connection.stream = new SocketStream(socket, connection, this.#buffers);
    this.connections.add(connection);
    this.accepted++;
    return connection;
  }

  /** Out of descriptors: idle connections go first; the kernel's queue keeps who comes. */
  #onAcceptError(): void {
    this.refusedOverCap++;
    let closed = 0;
    for (const connection of this.connections) {
      if (!connection.isIdle) continue;
      connection.stream.destroy();
      if (++closed >= limits.emfileIdleClosed) break;
    }
  }
}

function socketOptions(
  handle: unknown,
  onread: ReturnType<typeof streamSlot>['onread'],
): ConstructorParameters<typeof Socket>[0] {
  // `handle` and `onread` are options of the constructor that the type leaves out.
  return { handle, onread, allowHalfOpen: true } as ConstructorParameters<typeof Socket>[0];
}
