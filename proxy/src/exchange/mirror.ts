/**
 * Sends a copy of a request to another backend and drops its answer: the client never waits for it.
 *
 * The copy leaves once its request is whole, up to 64 KiB of body; a larger one is not mirrored and
 * counted, since a mirror must not hold back the request it copies. Never retried.
 *
 * Called by `exchange.ts`. Bound: `mirrorBodyBytesMax` for each, `mirrorsMax` at a time.
 */
import { type Backend, NOT_MEASURED } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import { Lease, type LeaseHolder } from '../net/pool.ts';
import type { Upstream } from '../net/upstream.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { WheelTimer } from '../timer-wheel.ts';
import type { ExchangeWorld } from './exchange-world.ts';

/** One copy on its way. Made for each mirrored request: mirroring is rare enough to allocate. */
export class MirrorAttempt implements LeaseHolder {
  epoch = 0;
  readonly response: Head = new Head();
  readonly requestMethod: number;
  readonly #world: ExchangeWorld;
  readonly #backend: Backend;
  readonly #framing: number;
  readonly #lease: Lease = new Lease(this);
  readonly #timer: WheelTimer = new WheelTimer(() => this.#finish());
  #parts: Buffer[];
  #bytes: number;
  #endpoint: Endpoint | null = null;
  #vote = 0;
  #upstream: Upstream | null = null;
  #isOver = false;

  /** `head` is the message's beginning, laid out; what of the body came with it included. */
  constructor(
    world: ExchangeWorld,
    backend: Backend,
    method: number,
    framing: number,
    head: Buffer,
  ) {
    this.#world = world;
    this.#backend = backend;
    this.requestMethod = method;
    this.#framing = framing;
    this.#parts = [head];
    this.#bytes = head.length;
    world.counts.mirrorsActive++;
  }

  /** More of the body, framed. False: too long, and given up. */
  append(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes > limits.mirrorBodyBytesMax) {
      this.#world.counts.mirrorsDropped++;
      this.#finish();
      return false;
    }
    this.#parts.push(part);
    return true;
  }

  abandon(): void {
    this.#finish();
  }

  /** The request is whole. */
  send(): void {
    if (!this.#isOver) this.#world.tick.add(this);
  }

  onTick(): void {
    if (this.#upstream !== null) return this.#write(this.#upstream);
    const nowMs = this.#world.clock.nowMs();
    const endpoint = this.#backend.pick(null, '', null, nowMs);
    if (endpoint === null) return this.#finish();
    this.#endpoint = endpoint;
    this.#vote = this.#backend.onSent(endpoint, nowMs);
    this.#world.wheel.arm(this.#timer, limits.mirrorTimeoutMs);
    const pool = this.#world.poolOf(endpoint, this.#backend);
    const upstream = pool.tryLease(this, nowMs);
    if (upstream !== null) return this.#write(upstream);
    if (!pool.wait(this.#lease)) this.#finish();
  }

  onLeased(upstream: Upstream): void {
    this.#upstream = upstream;
    this.#world.tick.add(this);
  }

  onLeaseFailed(): void {
    this.#finish();
  }

  onInterim(): void {}

  onResponseHead(_bodyKind: number, piece: BodyPiece): void {
    if (this.response.status === 101 || piece.isLast) this.#finish();
  }

  onResponseBody(piece: BodyPiece): void {
    if (piece.isLast) this.#finish();
  }

  onUpstreamFlushed(): void {}

  onUpstreamEnd(): void {}

  onUpstreamFailed(): void {
    this.#upstream = null;
    this.#finish();
  }

  #write(upstream: Upstream): void {
    this.#upstream = upstream;
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    message.copy(this.#world.scratch.take(message.length));
    upstream.sendHead(message.length, this.#framing, true);
    this.#world.counts.mirrored++;
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.epoch++;
    this.#parts = [];
    this.#lease.cancel();
    this.#world.wheel.cancel(this.#timer);
    this.#world.counts.mirrorsActive--;
    const upstream = this.#upstream;
    this.#upstream = null;
    upstream?.home.giveBack(upstream);
    if (this.#endpoint === null) return;
    const nowMs = this.#world.clock.nowMs();
    const { NOTHING_LEARNED } = OUTCOME;
    this.#backend.onDone(this.#endpoint, this.#vote, NOT_MEASURED, NOTHING_LEARNED, nowMs);
  }
}
