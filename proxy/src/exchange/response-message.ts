/**
 * Lays an answer out for the client: head and what is there of the body, in one piece.
 *
 * Not pure only in that it uses the shared scratch buffer. Called by `exchange.ts`.
 * Budget: no allocation per exchange.
 */
import { BODY_NONE } from '../http1/body-framing.ts';
import type { Head } from '../http1/head.ts';
import { endHead, headRoom, ResponseWrite, writeResponseHead } from '../http1/head-writer.ts';
import { type BodyPiece, frameBody, framedBytesMax } from '../net/body-writer.ts';
import type { HeaderEdits } from '../routing/compiled.ts';
import type { ExchangeWorld } from './exchange-world.ts';

export class ResponseMessage {
  readonly #options = new ResponseWrite();

  /** Where the message ends in scratch. */
  lay(
    world: ExchangeWorld,
    head: Head,
    edits: HeaderEdits | null,
    framing: number,
    piece: BodyPiece,
  ): number {
    const out = world.scratch.take(headRoom(head, edits) + framedBytesMax(piece));
    const at = endHead(out, writeResponseHead(out, 0, head, edits, framing, this.#options));
    return framing === BODY_NONE ? at : frameBody(out, at, framing, piece);
  }

  /** Set before `lay`. */
  prepare(clientVersion: number, close: boolean, keepRemora: boolean): void {
    const options = this.#options;
    options.reset();
    options.clientVersion = clientVersion;
    options.close = close;
    options.keepRemora = keepRemora;
  }

  /** A 1xx, as it came. */
  layInterim(world: ExchangeWorld, head: Head): number {
    this.#options.reset();
    const out = world.scratch.take(headRoom(head, null));
    return endHead(out, writeResponseHead(out, 0, head, null, BODY_NONE, this.#options));
  }
}
