/**
 * Passes the bytes of one connection on as they are, both ways, to the address it was made to.
 *
 *   client ⇄ Side │ Side ⇄ server      an end, a reset and a slow reader go through as they came
 *
 * A side that ends is half closed until the other ends too: who ends first decides what it means. A
 * reset is passed on as one, or what came would pass for the whole. Small reads are copied through
 * the scratch buffer, so that a thousand idle connections of a database pool hold nothing; a side
 * that moves more than fits there leases a buffer of its own, until a read is small again.
 *
 * Not pure: dials and writes. No allocation per read. Made by `intercepted.ts`, one a connection
 * that is not HTTP. Bounds: `relayConnectTimeoutMs`, `relayIdleMs`.
 */
import { BODY_UNTIL_CLOSE } from '../http1/body-framing.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import type { Address } from './address.ts';
import { newPiece, writeBody } from './body-writer.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import type { Dial } from './dialer.ts';
import type { Served } from './listener.ts';
import type { Scratch } from './scratch.ts';

const NOTHING = Buffer.alloc(0);

export type RelayEnd = 'closed' | 'reset' | 'refused' | 'idle' | 'drained';

/** Where a relay counts. */
export interface RelayCounts {
  /** Bytes from the client. */
  read(bytes: number): void;
  /** Bytes to the client. */
  wrote(bytes: number): void;
  closed(end: RelayEnd): void;
}

export interface RelayWorld {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly scratch: Scratch;
  readonly dial: Dial;
}

/** Who made it. Heard until a client is attached, but for `onRelayClosed`. */
export interface RelayUser {
  /** The server speaks, and no client is attached: it may be, inside this call. */
  onServerFirst(): void;
  /** The server ends or is gone, and no client is attached: it may be, inside this call. */
  onServerGone(): void;
  /** After the last byte; nothing follows. */
  onRelayClosed(): void;
}

export class Relay implements Served {
  readonly isIdle = false;
  readonly #world: RelayWorld;
  readonly #user: RelayUser;
  readonly #client: Side;
  readonly #server: Side;
  #counts: RelayCounts | null = null;
  #isConnected = false;
  #usedAtMs: number;
  #end: RelayEnd = 'closed';
  readonly #timer: WheelTimer;

  /** Dials at once. The client is attached when it is known that this is no HTTP. */
  constructor(world: RelayWorld, target: Address, user: RelayUser) {
    this.#world = world;
    this.#user = user;
    this.#usedAtMs = world.clock.nowMs();
    this.#client = new Side(world.scratch, this);
    this.#server = new Side(world.scratch, this);
    this.#client.peer = this.#server;
    this.#server.peer = this.#client;
    this.#timer = new WheelTimer(() => this.#onTimer());
    world.wheel.arm(this.#timer, limits.relayConnectTimeoutMs);
    this.#server.stream = world.dial(target.address, target.port, this.#server);
  }

  get stream(): ByteStream {
    return this.#client.stream!;
  }

  /** From here on the relay owns the client's stream. `first`: what came of it; ours to keep. */
  attach(client: ByteStream, counts: RelayCounts, first: Uint8Array | null): void {
    this.#counts = counts;
    this.#client.stream = client;
    client.owner = this.#client;
    if (first !== null) {
      counts.read(first.length);
      // Kept by the stream until it is connected.
      if (!this.#server.stream!.write(first)) return client.pause();
    }
    if (this.#isConnected) client.resume();
    else client.pause();
  }

  /** It was HTTP after all: nobody hears of the server any more. */
  abandon(): void {
    this.#server.isClosed = true;
    this.#server.stream!.destroy();
    this.#world.wheel.cancel(this.#timer);
  }

  /** What is quiet here may be a long query: only a proxy that ends closes it. */
  closeIfIdle(quietMs: number, isEnding: boolean): void {
    if (!isEnding || this.#world.clock.nowMs() - this.#usedAtMs < quietMs) return;
    this.#close('drained');
  }

  // Of its sides.

  onConnected(): void {
    this.#isConnected = true;
    this.#world.wheel.arm(this.#timer, limits.relayIdleMs);
    const client = this.#client.stream;
    if (client !== null && !this.#server.stream!.isBlocked) client.resume();
  }

  /** Whether there is a client to pass bytes to. */
  admits(side: Side): boolean {
    this.#usedAtMs = this.#world.clock.nowMs();
    if (side === this.#server && this.#client.stream === null) this.#user.onServerFirst();
    return this.#client.stream !== null;
  }

  count(side: Side, bytes: number): void {
    if (side === this.#client) this.#counts?.read(bytes);
    else this.#counts?.wrote(bytes);
  }

  onSideEnd(side: Side): void {
    if (this.#client.stream === null) this.#user.onServerGone();
    if (this.#client.stream === null) return this.abandon();
    side.peer.stream!.end();
  }

  onSideClosed(side: Side, broken: boolean): void {
    if (this.#client.stream === null) this.#user.onServerGone();
    if (this.#client.stream === null) return this.#world.wheel.cancel(this.#timer);
    if (side === this.#server && !this.#isConnected) this.#note('refused');
    else if (broken) this.#note('reset');
    else if (!side.hasEnded) this.#note('drained'); // Cut off from here: by its listener.
    const { peer } = side;
    if (!peer.isClosed) {
      // One that has ended both ways leaves the other to write what it still has.
      if (this.#end !== 'closed') peer.stream!.reset();
      return;
    }
    this.#world.wheel.cancel(this.#timer);
    this.#counts?.closed(this.#end);
    this.#user.onRelayClosed();
  }

  #onTimer(): void {
    if (!this.#isConnected) return this.#server.stream!.destroy();
    const leftMs = this.#usedAtMs + limits.relayIdleMs - this.#world.clock.nowMs();
    if (leftMs > 0) this.#world.wheel.arm(this.#timer, leftMs);
    else this.#close('idle');
  }

  /** The first reason is the one that counts. */
  #note(end: RelayEnd): void {
    if (this.#end === 'closed') this.#end = end;
  }

  /** With a reset: an end would say that this is all there was. */
  #close(end: RelayEnd): void {
    this.#note(end);
    if (!this.#client.isClosed) this.#client.stream?.reset();
    if (!this.#server.isClosed) this.#server.stream!.reset();
  }
}

/** One of the two connections, as its stream sees it. */
class Side implements ByteStreamOwner {
  stream: ByteStream | null = null;
  peer!: Side;
  hasEnded = false;
  isClosed = false;
  readonly #relay: Relay;
  readonly #scratch: Scratch;
  readonly #piece = newPiece();
  #isBulk = false;

  constructor(scratch: Scratch, relay: Relay) {
    this.#scratch = scratch;
    this.#relay = relay;
  }

  onConnected(): void {
    if (!this.isClosed) this.#relay.onConnected();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.isClosed || !this.#relay.admits(this)) return;
    const stream = this.stream!;
    const isBulk = end - start > limits.relayCopyBytesMax;
    if (isBulk && !this.#isBulk) stream.leaseReadBuffer();
    const piece = this.#piece;
    piece.bytes = bytes;
    piece.start = start;
    piece.end = end;
    piece.isStable = stream.isReadStable;
    piece.isPinned = false;
    this.#relay.count(this, end - start);
    const taken = writeBody(this.peer.stream!, BODY_UNTIL_CLOSE, piece, this.#scratch);
    if (this.#isBulk && !isBulk) stream.releaseReadBuffer(piece.isPinned);
    this.#isBulk = isBulk;
    if (!isBulk) piece.bytes = NOTHING; // A connection that moves little holds no buffer.
    if (!taken) stream.pause();
  }

  onEnd(): void {
    if (this.isClosed) return;
    this.hasEnded = true;
    this.#relay.onSideEnd(this);
  }

  onFlushed(): void {
    if (!this.isClosed && !this.peer.isClosed) this.peer.stream?.resume();
  }

  onClosed(broken: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#relay.onSideClosed(this, broken);
  }
}
