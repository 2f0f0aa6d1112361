/**
 * One connection that was turned aside to us, until it is known who goes on with it: a server of
 * requests, or a relay of bytes.
 *
 *   ASKING → HTTP ───────────────→ Downstream            (a HTTP/2 preface: Relay)
 *          → DETECTING (→ QUIET) → Downstream or Relay   (by who speaks first, and how)
 *          → Relay                                       (opaque, unknown, or the server was first)
 *
 * Where nobody said, whoever speaks first is listened to. The server is dialled for a client that
 * does not at once; silence tells nothing, since pools hold connections that were never used.
 *
 * Not pure: timers. Made by `proxy.ts` for each connection; who it is for, a gate in `roles/` says.
 */
import { formatAddress } from '@remora/api/destination.ts';
import type { PortProtocol } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { WheelTimer } from '../timer-wheel.ts';
import type { Address } from './address.ts';
import type { ByteStream } from './byte-stream.ts';
import { Downstream, type DownstreamServer } from './downstream.ts';
import type { Accepted, Served } from './listener.ts';
import type { AcceptedSocket } from './original-destination.ts';
import { Relay, type RelayCounts, type RelayUser, type RelayWorld } from './relay.ts';
import type { ServerFirst } from './server-first.ts';
import { SNIFF, sniff, sniffPreface } from './sniff.ts';

/** Why a connection is passed on as bytes: the label `protocol` of its metrics. */
export type RelayReason = 'opaque' | 'http2' | 'tls' | 'other' | 'silent' | 'server_first';
/** Why a connection is not taken at all. */
export type GateRefusal = 'not_redirected' | 'loop';

export interface Verdict {
  readonly protocol: PortProtocol;
  /** What metrics call the destination. */
  readonly dst: string;
  /** Of its requests; '': as each says. */
  readonly key: string;
  /** Where its bytes go if they are no requests; null: nowhere, so all are taken for some. */
  readonly target: Address | null;
  /** Who serves its requests; null: nobody can. */
  server(): DownstreamServer | null;
}

/** Decides who a connection is for. */
export interface Gate {
  /** `tell` is called once, now or a little later. */
  direct(socket: AcceptedSocket, tell: (verdict: Verdict | GateRefusal) => void): void;
}

export interface InterceptWorld extends RelayWorld {
  readonly gate: Gate;
  readonly serverFirst: ServerFirst;
  readonly connections: {
    forget(connection: Served): void;
    replace(before: Served, after: Served): void;
  };
  /** At the end of this turn of the loop. */
  defer(work: () => void): void;
  counts(dst: string, reason: RelayReason): RelayCounts;
  onRefused(why: GateRefusal): void;
}

const STATE = { ASKING: 0, HTTP: 1, DETECTING: 2, QUIET: 3, OVER: 4 } as const;
const NOTHING = Buffer.alloc(0);

export class Intercepted implements Accepted, RelayUser {
  stream!: ByteStream;
  readonly #world: InterceptWorld;
  readonly #socket: AcceptedSocket;
  readonly #beganAtMs: number;
  #state: number = STATE.ASKING;
  #verdict: Verdict | null = null;
  /** What came so far, where one read did not tell: with room before and behind it. */
  #kept: Buffer = NOTHING;
  #keptLength = 0;
  #relay: Relay | null = null;
  #hasDialled = false;
  readonly #timer: WheelTimer;

  constructor(world: InterceptWorld, socket: AcceptedSocket) {
    this.#world = world;
    this.#socket = socket;
    this.#beganAtMs = world.clock.nowMs();
    this.#timer = new WheelTimer(() => this.#onTimer());
  }

  get isIdle(): boolean {
    return (this.#state === STATE.HTTP || this.#state === STATE.QUIET) && this.#keptLength === 0;
  }

  closeIfIdle(quietMs: number): void {
    if (this.#keptLength > 0 || this.#world.clock.nowMs() - this.#beganAtMs < quietMs) return;
    this.stream.destroy();
  }

  /**
   * Nothing is read before it is known what for. Asked at the end of this turn: where it is a
   * connection of our own that came back, its other end has not been told yet that it is one.
   */
  begin(): void {
    this.stream.pause();
    this.#world.defer(() => {
      if (this.#state !== STATE.ASKING) return;
      this.#world.gate.direct(this.#socket, (verdict) => this.#onVerdict(verdict));
    });
  }

  #onVerdict(verdict: Verdict | GateRefusal): void {
    if (this.#state !== STATE.ASKING) return;
    if (typeof verdict === 'string') {
      this.#world.onRefused(verdict);
      return this.stream.reset();
    }
    this.#verdict = verdict;
    const { protocol, target } = verdict;
    const { wheel, serverFirst } = this.#world;
    if (target === null) this.#serve();
    else if (protocol === 'opaque') return this.#passOn('opaque');
    else if (protocol === 'http') {
      this.#state = STATE.HTTP;
      wheel.arm(this.#timer, limits.downstreamIdleTimeoutMs);
    } else if (serverFirst.has(this.#address)) return this.#passOn('server_first');
    else {
      this.#state = STATE.DETECTING;
      wheel.arm(this.#timer, limits.sniffDialMs);
    }
    this.stream.resume();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#state === STATE.OVER) return;
    if (this.#keptLength === 0) return this.#look(bytes, start, end);
    this.#keep(bytes, start, end);
    const room = limits.chunkRoomBytes;
    this.#look(this.#kept, room, room + this.#keptLength);
  }

  onEnd(): void {
    if (this.#isDetecting) this.#passOn(this.#keptLength === 0 ? 'silent' : 'other');
    else if (this.#keptLength > 0) this.#serve();
    else return this.stream.destroy();
    // Who goes on decides what an end means.
    this.stream.owner.onEnd();
  }

  onFlushed(): void {}

  onClosed(): void {
    if (this.#state === STATE.OVER) return;
    this.#leave();
    this.#relay?.abandon();
    this.#world.connections.forget(this);
  }

  // Of the relay, while it is not known whether it is wanted.

  onServerFirst(): void {
    this.#world.serverFirst.add(this.#address);
    this.#passOn('server_first');
  }

  /** One that refuses is dialled anew for bytes, while a request gets an answer. */
  onServerGone(): void {
    if (this.#state === STATE.QUIET) this.#passOn('silent');
    else this.#relay = null;
  }

  onRelayClosed(): void {
    if (this.#relay !== null) this.#world.connections.forget(this.#relay);
  }

  get #address(): string {
    const { address, port } = this.#verdict!.target!;
    return formatAddress(address, port);
  }

  get #isDetecting(): boolean {
    return this.#state === STATE.DETECTING || this.#state === STATE.QUIET;
  }

  #onTimer(): void {
    const { wheel } = this.#world;
    if (this.#state === STATE.HTTP) return this.stream.destroy();
    if (this.#keptLength > 0) return this.#passOn('silent');
    if (!this.#hasDialled) {
      this.#dial();
      wheel.arm(this.#timer, limits.sniffSilenceMs - limits.sniffDialMs);
    } else if (this.#relay === null) this.#passOn('silent');
    else this.#state = STATE.QUIET; // The relay ends it if nobody ever speaks.
  }

  #dial(): Relay {
    this.#hasDialled = true;
    this.#relay = new Relay(this.#world, this.#verdict!.target!, this);
    return this.#relay;
  }

  /** At all that came so far. */
  #look(bytes: Buffer, start: number, end: number): void {
    const isHttp = this.#state === STATE.HTTP;
    const found = isHttp ? sniffPreface(bytes, start, end) : sniff(bytes, start, end);
    if (found === SNIFF.MORE) {
      if (this.#keptLength === 0) this.#keep(bytes, start, end);
      if (!isHttp) this.#world.wheel.arm(this.#timer, limits.sniffSilenceMs);
    } else if (found === SNIFF.HTTP2) this.#passOn('http2', bytes, start, end);
    else if (found === SNIFF.TLS) this.#passOn('tls', bytes, start, end);
    else if (isHttp || found === SNIFF.HTTP1) this.#serve(bytes, start, end);
    else this.#passOn('other', bytes, start, end);
  }

  #serve(
    bytes: Buffer = this.#kept,
    start: number = limits.chunkRoomBytes,
    end: number = limits.chunkRoomBytes + this.#keptLength,
  ): void {
    const verdict = this.#verdict!;
    const server = verdict.server();
    if (server === null) return this.#passOn('other', bytes, start, end);
    this.#leave();
    this.#relay?.abandon();
    const { stream } = this;
    const downstream = new Downstream(server);
    downstream.destinationKey = verdict.key;
    downstream.stream = stream;
    stream.owner = downstream;
    this.#world.connections.replace(this, downstream);
    if (end > start) downstream.onBytes(bytes, start, end);
  }

  #passOn(
    reason: RelayReason,
    bytes: Buffer = this.#kept,
    start: number = limits.chunkRoomBytes,
    end: number = limits.chunkRoomBytes + this.#keptLength,
  ): void {
    this.#leave();
    const relay = this.#relay ?? this.#dial();
    this.#world.connections.replace(this, relay);
    const first = end > start ? Buffer.from(bytes.subarray(start, end)) : null;
    relay.attach(this.stream, this.#world.counts(this.#verdict!.dst, reason), first);
    this.#kept = NOTHING; // The relay knows us for as long as it lives.
  }

  #leave(): void {
    this.#state = STATE.OVER;
    this.#world.wheel.cancel(this.#timer);
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const length = this.#keptLength + end - start;
    const room = limits.chunkRoomBytes;
    if (this.#kept.length < length + 2 * room) {
      const larger = Buffer.allocUnsafe(2 * (length + room));
      if (this.#keptLength > 0) this.#kept.copy(larger, room, room, room + this.#keptLength);
      this.#kept = larger;
    }
    bytes.copy(this.#kept, room + this.#keptLength, start, end);
    this.#keptLength = length;
  }
}
