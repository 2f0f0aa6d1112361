/**
 * A ByteStream over a TCP socket: reads land in a shared buffer through `onread`, writes tell
 * whether the kernel took all at once.
 *
 * Half-open sockets are allowed, since who ends first decides what an end means. No stream pipes,
 * and no 'data' events where the runtime can read into our buffer.
 *
 * Budget: no allocation per read or write except the view that a write hands over. `bench/hop`.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { TurnClock } from '../clock.ts';
import { plainAddress } from './address.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import { CHUNK_HEADROOM } from '../http1/chunked.ts';
import { canWriteDirectly, writeDirectly, WROTE } from './direct-write.ts';
import { READ_TAILROOM, type ReadBuffer, type ReadBuffers } from './read-buffer.ts';

const NOTHING = Buffer.alloc(0);

/** What all streams of a proxy share. */
export interface StreamWorld {
  readonly buffers: ReadBuffers;
  /** Held while an owner is handed what was read. */
  readonly clock: TurnClock;
}

/** Options for a new socket that reads as a SocketStream wants. */
export interface StreamSlot {
  stream: SocketStream | null;
  readonly onread: OnReadOpts;
}

/** Made before the socket, since `onread` is an option of its construction. */
export function streamSlot(buffers: ReadBuffers): StreamSlot {
  const slot: StreamSlot = {
    stream: null,
    onread: {
      buffer: () => slot.stream?.nextReadView() ?? buffers.shared.view,
      callback: (length) => {
        slot.stream?.received(length);
        return true;
      },
    },
  };
  return slot;
}

export class SocketStream implements ByteStream {
  owner: ByteStreamOwner;
  readonly #socket: Socket;
  readonly #buffers: ReadBuffers;
  readonly #clock: TurnClock;
  /** What the kernel reads into now, and from the next read on. */
  #reading: ReadBuffer;
  #leased: ReadBuffer | null = null;
  #retired: ReadBuffer | null = null;
  #readsByEvents = false;
  #flushPending = false;
  /** Direct writes that the kernel has not taken yet. */
  #waiting = 0;
  #closed = false;
  readonly #onWritten = (): void => {
    if (--this.#waiting === 0 && !this.#closed && !this.isBlocked) this.owner.onFlushed();
  };

  constructor(socket: Socket, owner: ByteStreamOwner, { buffers, clock }: StreamWorld) {
    this.#socket = socket;
    this.owner = owner;
    this.#buffers = buffers;
    this.#clock = clock;
    this.#reading = buffers.shared;
    socket.on('end', () => this.owner.onEnd());
    // 'close' comes after the check phase, too late to keep a dead connection from being leased.
    socket.on('error', () => this.#onClose(true));
    socket.on('close', () => this.#onClose(false));
  }

  /** Reads by 'data' events: correct, but slower. Used where `onread` can't be had. */
  readByEvents(): void {
    this.#readsByEvents = true;
    this.#socket.on('data', (data: Buffer) => {
      const room = Buffer.allocUnsafe(CHUNK_HEADROOM + data.length + READ_TAILROOM);
      data.copy(room, CHUNK_HEADROOM);
      this.#handOver(room, data.length);
    });
  }

  received(length: number): void {
    this.#handOver(this.#reading.bytes, length);
  }

  #handOver(bytes: Buffer, length: number): void {
    this.#clock.hold();
    try {
      this.owner.onBytes(bytes, CHUNK_HEADROOM, CHUNK_HEADROOM + length);
    } finally {
      this.#clock.letGo();
    }
  }

  /** Asked after every read: what the next one fills. */
  nextReadView(): Buffer {
    const retired = this.#retired;
    if (retired !== null) {
      this.#retired = null;
      this.#buffers.release(retired);
    }
    this.#reading = this.#leased ?? this.#buffers.shared;
    return this.#reading.view;
  }

  get isBlocked(): boolean {
    return this.#waiting > 0 || this.#socket.writableLength > 0;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true; // Closing: the end is on its way to the owner.
    if (canWriteDirectly) {
      const wrote = writeDirectly(socket, bytes, this.#onWritten);
      if (wrote === WROTE.WAITING) this.#waiting++;
      if (wrote !== WROTE.NOT_HERE) return wrote !== WROTE.WAITING;
    }
    return this.#writeByStream(socket, bytes);
  }

  #writeByStream(socket: Socket, bytes: Uint8Array): boolean {
    socket.write(bytes);
    // Zero means that the kernel has the bytes; else libuv still points into them.
    if (socket.writableLength === 0) return true;
    if (!this.#flushPending) {
      this.#flushPending = true;
      // An empty write is told when all before it is out; a callback on each would cost a tick.
      socket.write(NOTHING, () => this.#onFlushed());
    }
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume();
  }

  leaseReadBuffer(): void {
    this.#leased ??= this.#buffers.lease();
  }

  /** The lease ends when the read in progress is over: until then the kernel may fill it. */
  releaseReadBuffer(isPinned: boolean): void {
    this.#retired = isPinned ? null : this.#leased;
    this.#leased = null;
  }

  get isReadStable(): boolean {
    return this.#readsByEvents || this.#reading !== this.#buffers.shared;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  get remoteAddress(): string {
    return plainAddress(this.#socket.remoteAddress ?? '');
  }

  #onFlushed(): void {
    this.#flushPending = false;
    if (this.#closed) return;
    // More may have been written behind the marker.
    if (this.#socket.writableLength > 0) {
      this.#flushPending = true;
      this.#socket.write(NOTHING, () => this.#onFlushed());
      return;
    }
    this.owner.onFlushed();
  }

  #onClose(broken: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leased = null; // Left to the collector: another socket's write may still point into it.
    this.owner.onClosed(broken);
  }
}
