/**
 * The body of one request, as it came: how it is framed, what of it lies behind the head in the
 * slab, and a copy of what streamed by, as long as another attempt might have to send it.
 *
 * Most requests have all of their body in the slab, or none; those cost nothing here. A copy is
 * kept only where the rule allows another attempt, and only while it is within the replay bounds.
 * A body may also be collected before its first attempt; it spills when it turns out to be longer.
 *
 * Embedded in its exchange. Budget: no allocation, but for replay blocks while the pool is cold.
 */
import { BODY_NONE } from '../http1/body-framing.ts';
import { type BodyPiece, newPiece } from '../net/body-writer.ts';
import type { Upstream } from '../net/upstream.ts';
import { type ReplayBlocks, ReplayBuffer } from '../resilience/replay-buffer.ts';

/** Where a body goes. */
type BodyTaker = Pick<Upstream, 'sendBody'>;

const NOTHING = Buffer.alloc(0);
const NOT_COLLECTED = -1;

export class RequestBody {
  /** A body kind. */
  kind: number = BODY_NONE;
  /** All of it lies behind the head in the slab. */
  isWhole = false;
  /** Of a body that is whole, or has spilled. */
  trailers: Uint8Array | null = null;
  /** All of it has been read. */
  isComplete = false;
  readonly #replay: ReplayBuffer;
  /** How much a body that is collected may have beside the slab. */
  #collectedMax = NOT_COLLECTED;
  /** What did not fit of one that was collected: one read, at most. */
  #spilled: Buffer | null = null;
  readonly #piece: BodyPiece = newPiece();

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
    return this.isWhole || this.#replay.isReplayable || this.hasSpilled;
  }

  /** Whether an attempt has all of it to send from its beginning on. */
  get isAtHand(): boolean {
    return this.isWhole || this.#replay.isWhole;
  }

  /** What was read of it besides the slab is there, for an attempt to begin with. */
  get hasKept(): boolean {
    return this.hasSpilled || (!this.isWhole && this.#replay.isWhole);
  }

  /** It was collected and is too long for that: the first attempt that sends it has all of it. */
  get hasSpilled(): boolean {
    return this.#spilled !== null;
  }

  /** What of it does not lie in the slab. */
  get kept(): ReplayBuffer {
    return this.#replay;
  }

  /** All of it is to be kept before any is sent, if that is not more than so many bytes. */
  collect(bytesMax: number): void {
    this.#collectedMax = bytesMax;
  }

  /** There is one attempt: it needs what was collected for it, and no copy of the rest. */
  keepNoMore(): void {
    if (!this.hasKept) this.stopKeeping();
  }

  /** No further attempt will need it. */
  stopKeeping(): void {
    if (!this.isWhole) this.#replay.giveUp();
  }

  onPiece(piece: BodyPiece): void {
    if (piece.isLast) this.isComplete = true;
    if (this.#collectedMax !== NOT_COLLECTED && !this.#fits(piece)) return this.#spill(piece);
    if (piece.end > piece.start && !this.#replay.append(piece.bytes, piece.start, piece.end))
      return;
    if (piece.isLast) this.#replay.finish(piece.trailers);
  }

  /** Sends what streamed by before, behind a head that was just written; whether all was taken. */
  replay(upstream: BodyTaker): boolean {
    const spilled = this.#spilled;
    const { first, trailers } = this.#replay;
    const hasEnd = spilled === null;
    let taken = true;
    for (let block = first; block !== null; block = block.next) {
      const isLast = hasEnd && block.next === null;
      taken = this.#send(upstream, block.bytes, block.filled, isLast ? trailers : null, isLast);
    }
    if (hasEnd) return first === null ? this.#send(upstream, NOTHING, 0, trailers, true) : taken;
    this.#spilled = null;
    this.#replay.giveUp();
    return this.#send(upstream, spilled, spilled.length, this.trailers, this.isComplete);
  }

  release(): void {
    if (!this.isWhole) this.#replay.release();
    this.isWhole = false;
    this.trailers = null;
    this.#collectedMax = NOT_COLLECTED;
    this.#spilled = null;
    this.#piece.bytes = NOTHING;
  }

  #fits(piece: BodyPiece): boolean {
    const bytes = piece.end - piece.start;
    return this.#replay.length + bytes <= this.#collectedMax && this.#replay.hasRoomFor(bytes);
  }

  #spill(piece: BodyPiece): void {
    this.#collectedMax = NOT_COLLECTED;
    this.#spilled = Buffer.from(piece.bytes.subarray(piece.start, piece.end));
    this.trailers = piece.trailers;
  }

  /** Copied by the writer: at most the replay buffer's bound and one read wait in the socket. */
  #send(
    upstream: BodyTaker,
    bytes: Buffer,
    end: number,
    trailers: Uint8Array | null,
    isLast: boolean,
  ): boolean {
    const piece = this.#piece;
    piece.bytes = bytes;
    piece.end = end;
    piece.trailers = trailers;
    piece.isLast = isLast;
    return upstream.sendBody(piece);
  }
}
