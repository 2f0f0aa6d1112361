/**
 * One connection to an endpoint, speaking HTTP/1.1 as a client: one request at a time, reusable
 * when both sides said so and nothing is left over.
 *
 *   connecting → idle ⇄ leased → closed        (leased → tunnel → closed, after a 101)
 *
 * Bytes on an idle connection are an answer nobody asked for: it is closed and never reused, so
 * that no such answer reaches the next request. Knows its user by interface, never the exchange.
 *
 * Budget: no allocation per request. Made by `pool.ts`, used by `exchange/`.
 */
import { BODY_NONE, BODY_UNTIL_CLOSE, responseBody } from '../http1/body-framing.ts';
import type { Head } from '../http1/head.ts';
import { keepAliveTimeoutMs, NO_TIMEOUT } from '../http1/keep-alive.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseResponseHead } from '../http1/head-parser.ts';
import * as limits from '../limits.ts';
import { BodyReader } from './body-reader.ts';
import { type BodyPiece, newPiece, writeBody } from './body-writer.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';
import type { Scratch } from './scratch.ts';

/** Why an upstream failed its request. */
export type UpstreamFailure =
  | 'RMR_UPSTREAM_RESET'
  | 'RMR_UPSTREAM_CLOSED'
  | 'RMR_UPSTREAM_BAD_RESPONSE';

/** Who has leased the connection. Heard only while it has. */
export interface UpstreamUser {
  readonly response: Head;
  readonly requestMethod: number;
  /** A 1xx other than 101, in `response`. */
  onInterim(): void;
  /** The head is in `response`; `piece` is what came of the body with it. */
  onResponseHead(bodyKind: number, piece: BodyPiece): void;
  onResponseBody(piece: BodyPiece): void;
  /** A write that was blocked is out. */
  onUpstreamFlushed(): void;
  /** The upstream has ended its side of a tunnel. */
  onUpstreamEnd(): void;
  onUpstreamFailed(code: UpstreamFailure): void;
}

/** What a pool wants to hear. */
export interface UpstreamHome {
  onConnected(upstream: Upstream): void;
  /** Gone, from whatever state. `wasConnecting`: it never was connected. */
  onUpstreamClosed(upstream: Upstream, wasConnecting: boolean): void;
  /** Its request is over: to be reused, or closed where it can't be. */
  giveBack(upstream: Upstream): void;
  /** A reused connection died: whether a resend needs no budget. Asking takes one. */
  takesResend(): boolean;
}

/** How a connection ended, where that says something about how long the server keeps it. */
export const ENDED = { OTHERWISE: 0, IDLE: 1, STALE: 2 } as const;

const NOTHING = Buffer.alloc(0);

const STATE = { CONNECTING: 0, IDLE: 1, HEAD: 2, BODY: 3, DONE: 4, TUNNEL: 5, CLOSED: 6 } as const;

export class Upstream implements ByteStreamOwner {
  stream!: ByteStream;
  user: UpstreamUser | null = null;
  /** Requests it has carried before this one: a first use cannot be stale. */
  uses = 0;
  idleSinceMs = 0;
  /** When it was leased last. */
  idleForMs = 0;
  /** What the last answer's Keep-Alive said, or NO_TIMEOUT. */
  keepAliveMs: number = NO_TIMEOUT;
  /** Closed by the server while idle, or reused and dead before any byte of an answer. */
  ended: number = ENDED.OTHERWISE;
  readonly home: UpstreamHome;
  readonly #scratch: Scratch;
  readonly #body = new BodyReader();
  readonly #piece: BodyPiece = newPiece();
  #state: number = STATE.CONNECTING;
  #interimAnswers = 0;
  #framing: number = BODY_NONE;
  #requestDone = false;
  #reusable = false;
  #mayKeep = true;
  #leasedBuffer = false;

  constructor(home: UpstreamHome, scratch: Scratch) {
    this.home = home;
    this.#scratch = scratch;
  }

  get isClosed(): boolean {
    return this.#state === STATE.CLOSED;
  }

  /** Whether any byte of an answer to this request has come. */
  get hasAnswered(): boolean {
    return this.#state === STATE.BODY || this.#state === STATE.DONE || this.#interimAnswers > 0;
  }

  onConnected(): void {
    if (this.#state !== STATE.CONNECTING) return;
    this.#state = STATE.IDLE;
    this.home.onConnected(this);
  }

  /** The request's head was laid into scratch up to `end`: writes it. Framing: a body kind. */
  sendHead(end: number, framing: number, requestDone: boolean, keep = true): boolean {
    this.#mayKeep = keep;
    this.#state = STATE.HEAD;
    this.#framing = framing;
    this.#requestDone = requestDone;
    this.#interimAnswers = 0;
    this.uses++;
    return this.#scratch.send(this.stream, end);
  }

  sendBody(piece: BodyPiece): boolean {
    if (piece.isLast) this.#requestDone = true;
    return writeBody(this.stream, this.#framing, piece, this.#scratch);
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  /** All was read, all was written (an answer may overtake its request), both sides keep it. */
  get isReusable(): boolean {
    return (
      this.#state === STATE.DONE && this.#requestDone && this.#reusable && !this.stream.isBlocked
    );
  }

  /** Back to the pool. */
  becomeIdle(): void {
    this.user = null;
    this.#state = STATE.IDLE;
  }

  /** From here on bytes are passed as they are. `first`: what came behind the 101. */
  becomeTunnel(): void {
    this.#state = STATE.TUNNEL;
    this.#framing = BODY_UNTIL_CLOSE;
    this.stream.leaseReadBuffer();
    this.#leasedBuffer = true;
  }

  endTunnel(): void {
    this.stream.end();
  }

  close(): void {
    if (this.#state === STATE.CLOSED) return;
    const wasConnecting = this.#state === STATE.CONNECTING;
    this.user = null;
    this.#state = STATE.CLOSED;
    this.stream.destroy();
    this.home.onUpstreamClosed(this, wasConnecting);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    const user = this.user;
    if (user === null) {
      this.#noteEnd(); // An answer nobody asked for: often a 408 before an idle time-out's close.
      return this.close();
    }
    switch (this.#state) {
      case STATE.HEAD:
        return this.#readHead(user, bytes, start, end);
      case STATE.BODY:
        return this.#readBody(user, bytes, start, end);
      case STATE.TUNNEL:
        return user.onResponseBody(this.#pieceOf(bytes, start, end, false));
      default:
        // Leased and nothing asked yet, or a second answer: never to be reused.
        this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
    }
  }

  onEnd(): void {
    this.#noteEnd();
    const user = this.user;
    if (user === null) return this.close();
    if (this.#state === STATE.TUNNEL) return user.onUpstreamEnd();
    if (this.#state === STATE.BODY && this.#body.endsWithConnection()) {
      this.#state = STATE.DONE;
      return user.onResponseBody(this.#pieceOf(this.#piece.bytes, 0, 0, true));
    }
    this.#fail(user, 'RMR_UPSTREAM_CLOSED');
  }

  onFlushed(): void {
    this.user?.onUpstreamFlushed();
  }

  onClosed(broken: boolean): void {
    if (this.#state === STATE.CLOSED) return;
    this.#noteEnd();
    const wasConnecting = this.#state === STATE.CONNECTING;
    const user = this.user;
    this.user = null;
    this.#state = STATE.CLOSED;
    this.home.onUpstreamClosed(this, wasConnecting);
    user?.onUpstreamFailed(broken ? 'RMR_UPSTREAM_RESET' : 'RMR_UPSTREAM_CLOSED');
  }

  /** The server has ended it: in a state that the pool learns from? A first use can't be stale. */
  #noteEnd(): void {
    if (this.#state === STATE.IDLE && this.uses > 0) this.ended = ENDED.IDLE;
    if (this.#state !== STATE.HEAD || this.uses < 2 || this.hasAnswered) return;
    if (this.user?.response.filled === 0) this.ended = ENDED.STALE;
  }

  #readHead(user: UpstreamUser, bytes: Buffer, start: number, end: number): void {
    const head = user.response;
    let from = start;
    while (this.#state === STATE.HEAD) {
      const collected = head.filled;
      let outcome: number;
      if (collected === 0) {
        outcome = parseResponseHead(head, bytes, from, end);
        if (outcome === PARSE_OK) head.collect(bytes, from, from + head.length);
      } else {
        // What follows the head may come with its last bytes and needs no room in the slab.
        const to = Math.min(end, from + limits.headBytesMax - collected);
        head.collect(bytes, from, to);
        outcome = parseResponseHead(head, head.slab, 0, head.filled);
        if (outcome === PARSE_INCOMPLETE && to < end) {
          return this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
        }
      }
      if (outcome === PARSE_INCOMPLETE) {
        if (collected === 0 && !head.collect(bytes, from, end)) {
          this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
        }
        return;
      }
      if (outcome !== PARSE_OK) return this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
      head.filled = head.length;
      from += head.length - collected;
      if (!this.#onHead(user, bytes, from, end)) return;
      if (from === end) return;
    }
  }

  /** Whether another head may follow at once: after a 1xx. */
  #onHead(user: UpstreamUser, bytes: Buffer, from: number, end: number): boolean {
    const head = user.response;
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interimAnswers > limits.interimAnswersMax) {
        this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
        return false;
      }
      user.onInterim();
      if (this.user !== user) return false;
      head.reset();
      return true;
    }
    if (head.status === 101) {
      user.onResponseHead(BODY_UNTIL_CLOSE, this.#pieceOf(bytes, from, end, false));
      return false;
    }
    this.#beginBody(user, bytes, from, end);
    return false;
  }

  #beginBody(user: UpstreamUser, bytes: Buffer, from: number, end: number): void {
    const head = user.response;
    const kind = responseBody(head, user.requestMethod);
    this.#body.begin(kind, head.contentLength);
    this.keepAliveMs = keepAliveTimeoutMs(head);
    this.#reusable = this.#mayKeep && head.keepAlive && kind !== BODY_UNTIL_CLOSE;
    this.#state = STATE.BODY;
    if (this.#body.isDone && from === end) {
      this.#state = STATE.DONE;
      return user.onResponseHead(kind, this.#pieceOf(bytes, from, from, true));
    }
    this.#body.read(bytes, from, end);
    if (this.#body.isRefused) return this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
    const piece = this.#pieceOfBody(bytes, end);
    if (!piece.isLast) {
      this.stream.leaseReadBuffer();
      this.#leasedBuffer = true;
    }
    user.onResponseHead(kind, piece);
    this.#releaseBuffer(piece);
  }

  #readBody(user: UpstreamUser, bytes: Buffer, start: number, end: number): void {
    this.#body.read(bytes, start, end);
    // What was read before the fault has gone out: the answer can only be cut off.
    if (this.#body.isRefused) return this.#fail(user, 'RMR_UPSTREAM_BAD_RESPONSE');
    const piece = this.#pieceOfBody(bytes, end);
    user.onResponseBody(piece);
    this.#releaseBuffer(piece);
  }

  /** The body's part of a read; ends the response where the body ends. */
  #pieceOfBody(bytes: Buffer, end: number): BodyPiece {
    const body = this.#body;
    const piece = this.#pieceOf(bytes, body.dataStart, body.dataEnd, body.isDone);
    piece.trailers = body.trailers;
    if (body.isDone) {
      this.#state = STATE.DONE;
      if (body.consumedTo < end) this.#reusable = false; // An answer nobody asked for.
    }
    return piece;
  }

  #releaseBuffer(piece: BodyPiece): void {
    if (!piece.isLast || !this.#leasedBuffer) return;
    this.#leasedBuffer = false;
    this.stream.releaseReadBuffer(piece.isPinned);
    piece.bytes = NOTHING; // An idle connection must hold no buffer.
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

  #fail(user: UpstreamUser, code: UpstreamFailure): void {
    this.close();
    user.onUpstreamFailed(code);
  }
}
