/**
 * Lays an answer out for the client: head and what is there of the body, in one piece.
 *
 * Not pure only in that it uses the shared scratch buffer. Called by `exchange.ts`.
 * Budget: no allocation per exchange.
 */
import { BODY_NONE } from '../http1/body-framing.ts';
import { FIELD, type Head } from '../http1/head.ts';
import { endHead, headRoom, ResponseWrite, writeResponseHead } from '../http1/head-writer.ts';
import { type BodyPiece, frameBody, framedBytesMax } from '../net/body-writer.ts';
import type { Target } from '../routing/compiled.ts';
import { REQUEST_ID_FIELD_BYTES_MAX, writeRequestIdField } from '../telemetry/trace-context.ts';
import type { ExchangeWorld } from './exchange-world.ts';
import { KEEP_LINE } from './trace-marks.ts';

const ADDED_BYTES_MAX = REQUEST_ID_FIELD_BYTES_MAX + KEEP_LINE.length;
const REQUEST_ID = 1 << FIELD.X_REQUEST_ID;

export class ResponseMessage {
  /** Tells the caller's sidecar that something went wrong in this trace. Set before `lay`. */
  marksTrace = false;
  readonly #options = new ResponseWrite();

  /** Where the message ends in scratch. */
  lay(
    world: ExchangeWorld,
    { request, target }: { readonly request: Head; readonly target: Target | null },
    head: Head,
    framing: number,
    piece: BodyPiece,
  ): number {
    const edits = target?.responseEdits ?? null;
    const room = headRoom(head, edits) + ADDED_BYTES_MAX + framedBytesMax(piece);
    const out = world.scratch.take(room);
    let at = writeResponseHead(out, 0, head, edits, framing, this.#options);
    // What the application says of its own id stands.
    if ((head.seen & REQUEST_ID) === 0) at = writeRequestIdField(out, at, request, world.ids);
    if (this.marksTrace) {
      out.set(KEEP_LINE, at);
      at += KEEP_LINE.length;
    }
    at = endHead(out, at);
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
