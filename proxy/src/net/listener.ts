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
import * as limits from '../limits.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import { SocketStream, streamSlot, type StreamWorld } from './socket-stream.ts';

interface AcceptHandle {
  onconnection: (error: number, client: unknown) => void;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A connection that is served, whatever is spoken on it. */
export interface Served {
  readonly stream: ByteStream;
  /** It may be closed for want of descriptors: nothing is lost. */
  readonly isIdle: boolean;
  /** Closes if it has been quiet for so long. `isEnding`: the proxy ends, and not only leaves. */
  closeIfIdle(quietMs: number, isEnding: boolean): void;
}

/** One that was just accepted. */
export interface Accepted extends Served, ByteStreamOwner {
  stream: ByteStream;
  /** The stream is there: reads on, or waits until it knows what for. */
  begin(): void;
}

/** Null: it is refused. */
export type Accept = (socket: Socket) => Accepted | null;

export class Listener {
  readonly connections: Set<Served> = new Set();
  /** Whether reads land in the shared buffer; false: the slower way by events. */
  isFast = false;
  refusedOverCap = 0;
  /** Connections taken since the start. */
  accepted = 0;
  readonly #server: Server;
  readonly #acceptOne: Accept;
  readonly #world: StreamWorld;
  readonly #mayTakeOver: boolean;

  /** `mayTakeOver` false: by events, as where the internal is gone. */
  constructor(accept: Accept, world: StreamWorld, mayTakeOver = true) {
    this.#acceptOne = accept;
    this.#world = world;
    this.#mayTakeOver = mayTakeOver;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /**
   * Resolves with the address in use. Rejects as `listen` fails: in use, not permitted. `::` is
   * both families, or the one that there is.
   */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    try {
      return await this.#listenAt(address);
    } catch (error) {
      if (address.host !== '::' || !isWithoutFamily(error)) throw error;
      return await this.#listenAt({ ...address, host: '0.0.0.0' });
    }
  }

  async #listenAt(address: ListenAddress): Promise<ListenAddress> {
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

  forget(connection: Served): void {
    this.connections.delete(connection);
  }

  /** It is known now what is spoken on a connection, and who goes on with it. */
  replace(before: Served, after: Served): void {
    this.connections.delete(before);
    this.connections.add(after);
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
      const slot = streamSlot(this.#world.buffers);
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
      connection.begin();
    };
  }

  /** The way by events. */
  #accept(socket: Socket): void {
    const connection = this.#adopt(socket);
    if (connection === null) return;
    (connection.stream as SocketStream).readByEvents();
    connection.begin();
  }

  #adopt(socket: Socket): Accepted | null {
    if (this.connections.size >= limits.downstreamsMax) {
      this.refusedOverCap++;
      socket.destroy();
      return null;
    }
    const connection = this.#acceptOne(socket);
    if (connection === null) {
      socket.resetAndDestroy();
      return null;
    }
    connection.stream = new SocketStream(socket, connection, this.#world);
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

function isWithoutFamily(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT';
}

function socketOptions(
  handle: unknown,
  onread: ReturnType<typeof streamSlot>['onread'],
): ConstructorParameters<typeof Socket>[0] {
  // `handle` and `onread` are options of the constructor that the type leaves out.
  return { handle, onread, allowHalfOpen: true } as ConstructorParameters<typeof Socket>[0];
}
