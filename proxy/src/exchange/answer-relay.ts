/**
 * The answer on its way down: its status, its framing for this client, and whether the client's
 * connection lives on.
 *
 * Embedded in its exchange, which decides when. Budget: no allocation per exchange.
 */
import { BODY_NONE, BODY_UNTIL_CLOSE, downstreamFraming } from '../http1/body-framing.ts';
import type { Head } from '../http1/head.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Downstream } from '../net/downstream.ts';
import type { HeaderEdits } from '../routing/compiled.ts';
import type { ExchangeWorld } from './exchange-world.ts';
import { ResponseMessage } from './response-message.ts';

export class AnswerRelay {
  /** Of the final answer that goes down; 0: there is none yet. */
  status = 0;
  keepsDownstream = false;
  readonly #world: ExchangeWorld;
  readonly #message = new ResponseMessage();
  #framing: number = BODY_NONE;
  #clientVersion = 11;

  constructor(world: ExchangeWorld) {
    this.#world = world;
  }

  reset(): void {
    this.status = 0;
    this.keepsDownstream = false;
  }

  /** Before `sendHead`. `mayKeep`: as far as the request goes. */
  begin(status: number, bodyKind: number, clientVersion: number, mayKeep: boolean): void {
    this.status = status;
    this.#clientVersion = clientVersion;
    this.#framing = downstreamFraming(bodyKind, clientVersion);
    this.keepsDownstream = mayKeep && this.#framing !== BODY_UNTIL_CLOSE;
  }

  beginTunnel(status: number, clientVersion: number): void {
    this.status = status;
    this.#clientVersion = clientVersion;
    this.#framing = BODY_UNTIL_CLOSE;
    this.keepsDownstream = false;
  }

  /** Whether all was taken at once. */
  sendHead(
    downstream: Downstream,
    head: Head,
    edits: HeaderEdits | null,
    keepsRemora: boolean,
    piece: BodyPiece,
  ): boolean {
    const message = this.#message;
    message.prepare(this.#clientVersion, !this.keepsDownstream, keepsRemora);
    return downstream.sendHead(message.lay(this.#world, head, edits, this.#framing, piece));
  }

  sendInterim(downstream: Downstream, head: Head): void {
    downstream.sendHead(this.#message.layInterim(this.#world, head));
  }

  sendBody(downstream: Downstream, piece: BodyPiece): boolean {
    return downstream.sendBody(this.#framing, piece);
  }
}
