/**
 * The body of one request, as it came: how it is framed, what of it lies behind the head in the
 * slab, and a copy of what streamed by, as long as another attempt might have to send it.
 *
 * Most requests have all of their body in the slab, or none; those cost nothing here. A copy is
 * kept only where the rule allows another attempt, and only while it is within the replay bounds.
 *
 * Embedded in its exchange. Budget: no allocation, but for replay blocks while the pool is cold.
 */
import { BODY_NONE } from '../http1/body-framing.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Upstream } from '../net/upstream.ts';
import { type ReplayBlocks, ReplayBuffer } from '../resilience/replay-buffer.ts';

const NOTHING = Buffer.alloc(0);

export class RequestBody {
  /** A body kind. */
  kind: number = BODY_NONE;
  /** All of it lies behind the head in the slab. */
  isWhole = false;
  /** Of a body that is whole. */
  trailers: Uint8Array | null = null;
  /** All of it has been read. */
  isComplete = false;
  readonly #replay: ReplayBuffer;
  readonly #piece: BodyPiece = {
    bytes: NOTHING,
    start: 0,
    end: 0,
    isStable: false,
    isLast: false,
    isPinned: false,
    trailers: null,
  };

  constructor(blocks: ReplayBlocks) {
    this.#replay = new ReplayBuffer(blocks);
  }

  begin(kind: number, isWhole: boolean, trailers: Uint8Array | null): void {
    this.kind = kind;
    this.isWhole = isWhole;
    this.isComplete = isWhole;
    this.trailers = trailers;
  }

  /** Whether another attempt can send all of it. */
  get isReplayable(): boolean {
    return this.isWhole || this.#replay.isReplayable;
  }

  /** Whether an attempt has all of it to send from its beginning on. */
  get isAtHand(): boolean {
    return this.isWhole || this.#replay.isWhole;
  }

  /** No further attempt will need it. */
  stopKeeping(): void {
    if (!this.isWhole) this.#replay.giveUp();
  }

  onPiece(piece: BodyPiece): void {
    if (piece.isLast) this.isComplete = true;
    if (piece.end > piece.start && !this.#replay.append(piece.bytes, piece.start, piece.end))
      return;
    if (piece.isLast) this.#replay.finish(piece.trailers);
  }

  /** Sends what streamed by before, behind a head that was just written. */
  replay(upstream: Upstream): void {
    const piece = this.#piece;
    const replay = this.#replay;
    for (let block = replay.first; block !== null; block = block.next) {
      piece.bytes = block.bytes;
      piece.end = block.filled;
      piece.isLast = block.next === null;
      piece.trailers = piece.isLast ? replay.trailers : null;
      upstream.sendBody(piece); // Copied: at most the replay buffer's bound waits in the socket.
    }
    if (replay.first !== null) return;
    piece.bytes = NOTHING;
    piece.end = 0;
    piece.isLast = true;
    piece.trailers = replay.trailers;
    upstream.sendBody(piece);
  }

  release(): void {
    if (!this.isWhole) this.#replay.release();
    this.isWhole = false;
    this.trailers = null;
    this.#piece.bytes = NOTHING;
  }
}
