/**
 * The body of an answer that a fault slows down: what came is kept, and goes down in small steps.
 *
 * Pausing between reads was refused: most answers come in one, and would not be slowed at all. One
 * piece is kept at a time, since its upstream is paused meanwhile; a client that reads no faster
 * than this is waited for.
 *
 * Made by an exchange for its first such answer. Not hot: copies, but allocates only once a piece.
 */
import { type BodyPiece, newPiece } from '../net/body-writer.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';

const NOTHING = Buffer.alloc(0);
const STEP_MS = 50;
const MS_PER_SECOND = 1_000;

/** Of a head that goes down alone. */
export const NO_PIECE: BodyPiece = newPiece();

export interface SlowBodyUser {
  /** Blocked: the client has yet to read what was sent. */
  readonly downstream: { readonly isBlocked: boolean };
  sendPart(part: BodyPiece): void;
  /** All of the piece has gone down. */
  onPartsSent(isLast: boolean): void;
}

export class SlowBody {
  readonly #wheel: TimerWheel;
  readonly #user: SlowBodyUser;
  readonly #timer = new WheelTimer(() => this.#step());
  readonly #part = newPiece();
  #bytesPerSecond = 0;
  #isLast = false;
  #trailers: Uint8Array | null = null;

  constructor(wheel: TimerWheel, user: SlowBodyUser) {
    this.#wheel = wheel;
    this.#user = user;
  }

  /** Whether a piece is on its way down. */
  get isBusy(): boolean {
    return this.#timer.isArmed;
  }

  begin(piece: BodyPiece, bytesPerSecond: number): void {
    const part = this.#part;
    part.bytes = Buffer.from(piece.bytes.subarray(piece.start, piece.end));
    part.end = 0;
    part.isLast = false;
    part.trailers = null;
    this.#bytesPerSecond = bytesPerSecond;
    this.#isLast = piece.isLast;
    this.#trailers = piece.trailers;
    this.#arm();
  }

  stop(): void {
    this.#wheel.cancel(this.#timer);
    this.#part.bytes = NOTHING;
    this.#trailers = null;
  }

  /** Each step is waited for before it is sent, and is a byte at least. */
  get #stepBytes(): number {
    return Math.max(1, Math.floor((this.#bytesPerSecond * STEP_MS) / MS_PER_SECOND));
  }

  #arm(): void {
    this.#wheel.arm(this.#timer, (this.#stepBytes * MS_PER_SECOND) / this.#bytesPerSecond);
  }

  #step(): void {
    const part = this.#part;
    if (this.#user.downstream.isBlocked) return this.#arm();
    part.start = part.end;
    part.end = Math.min(part.bytes.length, part.start + this.#stepBytes);
    const isAll = part.end === part.bytes.length;
    part.isLast = isAll && this.#isLast;
    part.trailers = part.isLast ? this.#trailers : null;
    this.#user.sendPart(part);
    if (isAll) this.#user.onPartsSent(part.isLast);
    else this.#arm();
  }
}
