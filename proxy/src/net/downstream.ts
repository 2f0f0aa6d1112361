/**
 * One accepted connection, speaking HTTP/1.1 as a server: one request after another, answers in
 * the order of requests.
 *
 *   HEAD → BODY → ANSWERING → HEAD …     any → TUNNEL (after a 101)     any → CLOSED
 *
 * While an answer is awaited it goes on reading (up to `pipelineBytesMax`), since a paused socket
 * sees neither FIN nor RST: a client that leaves cancels its request. What follows a request is
 * kept and parsed when its turn comes. Knows its user by interface, never the exchange.
 *
 * Budget: no allocation per request. Made by `listener.ts`, used by `exchange/`.
 */
import { requestBody } from '../http1/body-framing.ts';
import type { Head } from '../http1/head.ts';
import { PARSE_INCOMPLETE, PARSE_OK } from '../http1/head-parser.ts';
import { HeadReader } from '../http1/head-reader.ts';
import * as limits from '../limits.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import { BodyReader } from './body-reader.ts';
import { type BodyPiece, newPiece, writeBody } from './body-writer.ts';
import type { ByteStream } from './byte-stream.ts';
import type { Accepted } from './listener.ts';
import type { Scratch } from './scratch.ts';

/** One request's user. Heard from its head until it says `finish` or `abort`. */
export interface DownstreamUser {
  readonly request: Head;
  /**
   * The head is in `request.slab`, and behind it, up to `request.filled`, what came of the body
   * with it. `bodyDone`: that is all of it.
   */
  onRequestHead(bodyKind: number, bodyDone: boolean, trailers: Uint8Array | null): void;
  onRequestBody(piece: BodyPiece): void;
  /** The client has gone, or has broken the framing of its body. */
  onClientGone(malformed: boolean): void;
  onDownstreamFlushed(): void;
  /** The client has ended its side of a tunnel. */
  onDownstreamEnd(): void;
}

/** Makes users, and answers heads that none can be made for. */
export interface DownstreamServer {
  readonly scratch: Scratch;
  readonly wheel: TimerWheel;
  nowMs(): number;
  user(connection: Downstream): DownstreamUser;
  /** The head was refused, by a code of the parser or a time-out: answers and closes. */
  onRefused(connection: Downstream, user: DownstreamUser, refusal: number): void;
  /** The user never got a request: back to the pool. */
  onUnused(user: DownstreamUser): void;
  onDownstreamClosed(connection: Downstream): void;
}

/** `refusal` values beside the parser's negative ones. */
export const REFUSED_HEAD_TIMEOUT = 1;
export const REFUSED_BODY = 2;

const STATE = { HEAD: 0, BODY: 1, ANSWERING: 2, TUNNEL: 3, LINGER: 4, CLOSED: 5 } as const;

export class Downstream implements Accepted {
  stream!: ByteStream;
  /** Of an intercepted connection: whose all its requests are, whatever they say. */
  destinationKey = '';
  /** Text of the last authority and what it resolved to: most clients talk to one service. */
  memoAuthority: Buffer = Buffer.alloc(0);
  memoKey = '';
  readonly #server: DownstreamServer;
  #user: DownstreamUser | null = null;
  readonly #headReader = new HeadReader();
  readonly #body = new BodyReader();
  readonly #piece: BodyPiece = newPiece();
  #state: number = STATE.HEAD;
  /** Bytes not yet understood: pipelined requests, or a body whose upstream is not there. */
  #pending: Buffer | null = null;
  #pendingLength = 0;
  #leasedBuffer = false;
  #isHeld = false;
  #peer: string | null = null;
  #idleSinceMs: number;
  /** Until when a client may take to read what is written. */
  #lingerUntilMs = 0;
  readonly #timer: WheelTimer;

  constructor(server: DownstreamServer) {
    this.#server = server;
    this.#idleSinceMs = server.nowMs();
    this.#timer = new WheelTimer(() => this.#onTimer());
    server.wheel.arm(this.#timer, limits.headTimeoutMs);
  }

  begin(): void {
    this.stream.resume();
  }

  get isIdle(): boolean {
    return this.#state === STATE.HEAD && (this.#user === null || this.#user.request.filled === 0);
  }

  /** When it last carried a request: now, while it does. */
  get #usedAtMs(): number {
    return this.isIdle && this.#pending === null ? this.#idleSinceMs : this.#server.nowMs();
  }

  /** Whether the client has yet to read what was written. */
  get isBlocked(): boolean {
    return this.stream.isBlocked;
  }

  /** The client's address. A system call the first time, so asked only where a rule needs it. */
  get peer(): string {
    this.#peer ??= this.stream.remoteAddress;
    return this.#peer;
  }

  /** Whether the client has sent all of its request. */
  get requestDone(): boolean {
    return this.#state !== STATE.BODY;
  }

  /** Sends what was laid into scratch up to `end`: a head, with what there is of its body. */
  sendHead(end: number): boolean {
    return this.#server.scratch.send(this.stream, end);
  }

  sendBody(framing: number, piece: BodyPiece): boolean {
    return writeBody(this.stream, framing, piece, this.#server.scratch);
  }

  /** Stops reading the request's body until `resumeBody`. */
  pauseBody(): void {
    this.#isHeld = true;
    this.stream.pause();
  }

  resumeBody(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#takePending();
    if (!this.#isHeld && this.#state !== STATE.CLOSED) this.stream.resume();
  }

  /** From here on bytes are passed as they are, those already here included. */
  becomeTunnel(): void {
    this.#state = STATE.TUNNEL;
    this.stream.leaseReadBuffer();
    this.#leasedBuffer = true;
    this.#isHeld = false;
    this.#takePending();
    if (!this.#isHeld) this.stream.resume();
  }

  endTunnel(): void {
    this.stream.end();
  }

  /** The answer is out. Keeps the connection for the next request, or closes it in order. */
  finish(keep: boolean): void {
    const complete = this.#state === STATE.ANSWERING;
    this.#user = null;
    if (this.#state === STATE.CLOSED) return;
    if (!keep || !complete) return this.#linger();
    this.#state = STATE.HEAD;
    this.#idleSinceMs = this.#server.nowMs();
    if (this.#pending !== null) queueMicrotask(this.#onNextTurn);
  }

  /** Cuts the connection off, so that the client can't take what it got for all there is. */
  abort(): void {
    this.#user = null;
    if (this.#state === STATE.CLOSED) return;
    this.stream.reset();
    this.#close();
  }

  /** Closes now if it has been without a request for so long. */
  closeIfIdle(quietMs: number): void {
    if (this.#state === STATE.HEAD && this.#server.nowMs() - this.#usedAtMs >= quietMs) {
      this.#linger();
    }
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case STATE.HEAD:
        if (this.#pending !== null || (this.#user === null && this.stream.isBlocked)) {
          return this.#keep(bytes, start, end);
        }
        return this.#readHead(bytes, start, end);
      case STATE.BODY:
        return this.#readBody(bytes, start, end);
      case STATE.ANSWERING:
        return this.#keep(bytes, start, end);
      case STATE.TUNNEL:
        if (this.#isHeld) return this.#keep(bytes, start, end);
        return this.#user?.onRequestBody(this.#pieceOf(bytes, start, end, false));
      default:
        return; // Closing: what still comes is read and dropped, so that our answer arrives.
    }
  }

  onEnd(): void {
    if (this.#state === STATE.TUNNEL) return this.#user?.onDownstreamEnd();
    if (this.#user === null) return this.#linger(); // An answer may still be on its way out.
    // With a request in flight the client has left: only tunnels may be half closed.
    this.stream.destroy();
    this.#gone(false);
  }

  onFlushed(): void {
    if (this.#user !== null) this.#user.onDownstreamFlushed();
    else this.#onNextTurn();
  }

  onClosed(_broken: boolean): void {
    this.#gone(false);
  }

  #gone(malformed: boolean): void {
    const user = this.#user;
    const hadRequest = this.#state !== STATE.HEAD;
    this.#user = null;
    this.#close();
    if (user === null) return;
    if (hadRequest) user.onClientGone(malformed);
    else this.#server.onUnused(user);
  }

  #close(): void {
    if (this.#state === STATE.CLOSED) return;
    this.#state = STATE.CLOSED;
    this.#pending = null;
    this.#server.wheel.cancel(this.#timer);
    this.#server.onDownstreamClosed(this);
  }

  /** Ends our side, then reads on for a moment: closing at once would reset an answer in flight. */
  #linger(): void {
    this.#state = STATE.LINGER;
    this.#pending = null;
    this.#isHeld = false;
    this.#lingerUntilMs = this.#server.nowMs() + limits.downstreamIdleTimeoutMs;
    this.#server.wheel.arm(this.#timer, limits.lingerMs);
    this.stream.end();
    this.stream.resume();
  }

  #onTimer(): void {
    const nowMs = this.#server.nowMs();
    if (this.#state === STATE.LINGER) {
      // Closing now would cut off an answer that a slow client is still reading.
      if (this.stream.isBlocked && nowMs < this.#lingerUntilMs) {
        return this.#server.wheel.arm(this.#timer, limits.lingerMs);
      }
      this.stream.destroy();
      return this.#close();
    }
    if (this.#state !== STATE.HEAD) {
      return this.#server.wheel.arm(this.#timer, limits.downstreamIdleTimeoutMs);
    }
    const user = this.#user;
    const collecting = user !== null && user.request.filled > 0;
    const allowedMs = collecting ? limits.headTimeoutMs : limits.downstreamIdleTimeoutMs;
    const leftMs = this.#idleSinceMs + allowedMs - nowMs;
    if (leftMs > 0) return this.#server.wheel.arm(this.#timer, leftMs);
    if (collecting) return this.#refuse(user, REFUSED_HEAD_TIMEOUT);
    this.#linger();
  }

  #refuse(user: DownstreamUser, refusal: number): void {
    this.#state = STATE.LINGER; // Never to be read as a request again.
    this.#server.onRefused(this, user, refusal);
  }

  #readHead(bytes: Buffer, start: number, end: number): void {
    this.#user ??= this.#server.user(this);
    const user = this.#user;
    const head = user.request;
    const hadBegun = head.filled > 0;
    const outcome = this.#headReader.read(head, bytes, start, end);
    if (outcome === PARSE_INCOMPLETE) {
      if (hadBegun || head.filled === 0) return;
      this.#idleSinceMs = this.#server.nowMs();
      return this.#server.wheel.arm(this.#timer, limits.headTimeoutMs);
    }
    if (outcome !== PARSE_OK) return this.#refuse(user, outcome);
    head.filled = head.length;
    this.#onHead(user, bytes, this.#headReader.consumedTo, end);
  }

  /** What came of the body with the head goes behind it into the slab, if it fits. */
  #onHead(user: DownstreamUser, bytes: Buffer, from: number, end: number): void {
    const head = user.request;
    const kind = requestBody(head);
    const body = this.#body;
    body.begin(kind, head.contentLength);
    this.#state = STATE.BODY;
    let rest = from;
    if (!body.isDone && end > from) {
      if (head.filled + end - from <= limits.headBytesMax) {
        body.read(bytes, from, end);
        if (body.isRefused) return this.#refuse(user, REFUSED_BODY);
        head.collect(bytes, body.dataStart, body.dataEnd);
        rest = body.consumedTo;
      }
    }
    if (body.isDone) this.#state = STATE.ANSWERING;
    else this.pauseBody(); // Until there is somebody to pass it to.
    if (rest < end) this.#keep(bytes, rest, end);
    user.onRequestHead(kind, body.isDone, body.trailers);
  }

  #readBody(bytes: Buffer, start: number, end: number): void {
    const user = this.#user;
    if (user === null) return;
    if (this.#isHeld) return this.#keep(bytes, start, end);
    const body = this.#body;
    body.read(bytes, start, end);
    if (body.isRefused) {
      // The answer cannot be trusted to reach a client that frames wrongly: cut both sides off.
      this.#user = null;
      user.onClientGone(true);
      return;
    }
    const piece = this.#pieceOf(bytes, body.dataStart, body.dataEnd, body.isDone);
    piece.trailers = body.trailers;
    if (body.isDone) {
      this.#state = STATE.ANSWERING;
      if (body.consumedTo < end) this.#keep(bytes, body.consumedTo, end);
    } else if (!this.#leasedBuffer) {
      this.#leasedBuffer = true;
      this.stream.leaseReadBuffer();
    }
    user.onRequestBody(piece);
    if (piece.isLast && this.#leasedBuffer) {
      this.#leasedBuffer = false;
      this.stream.releaseReadBuffer(piece.isPinned);
    }
  }

  /** Keeps bytes whose turn has not come, with room around them, as `onBytes` promises. */
  #keep(bytes: Buffer, start: number, end: number): void {
    const needed = this.#pendingLength + end - start;
    const room = limits.chunkRoomBytes;
    let pending = this.#pending;
    if (pending === null || pending.length < needed + 2 * room) {
      // Doubling: a client that sends single bytes must not make us copy all of them each time.
      pending = Buffer.allocUnsafe(2 * (needed + room));
      this.#pending?.copy(pending, room, room, room + this.#pendingLength);
      this.#pending = pending;
    }
    bytes.copy(pending, room + this.#pendingLength, start, end);
    this.#pendingLength = needed;
    if (needed >= limits.pipelineBytesMax) this.stream.pause();
  }

  readonly #onNextTurn = (): void => {
    // A client that asks on without reading its answers waits until they are out.
    if (this.#state !== STATE.HEAD || this.#pending === null || this.stream.isBlocked) return;
    this.#takePending();
    // Else each answer would let in another read, and what is kept would grow with them.
    if (this.#pendingLength < limits.pipelineBytesMax) this.stream.resume();
  };

  #takePending(): void {
    const pending = this.#pending;
    if (pending === null) return;
    const end = limits.chunkRoomBytes + this.#pendingLength;
    this.#pending = null;
    this.#pendingLength = 0;
    this.onBytes(pending, limits.chunkRoomBytes, end);
  }

  #pieceOf(bytes: Buffer, start: number, end: number, isLast: boolean): BodyPiece {
    const piece = this.#piece;
    piece.bytes = bytes;
    piece.start = start;
    piece.end = end;
    piece.isStable = this.stream.isReadStable;
    piece.isLast = isLast;
    piece.isPinned = false;
    piece.trailers = null;
    return piece;
  }
}
