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
import { isFailure } from '../resilience/classify.ts';
import type { Target } from '../routing/compiled.ts';
import type { ExchangeWorld, Role } from './exchange-world.ts';
import { ResponseMessage } from './response-message.ts';

/** The exchange whose client gets it. */
export interface AnswerTarget {
  readonly request: Head;
  readonly downstream: Downstream;
  readonly role: Role;
  readonly target: Target | null;
}

/** The tries that brought it. */
export interface AnswerOrigin {
  readonly response: Head;
  readonly isFromPeer: boolean;
  /** Until its head had come. */
  readonly rttMs: number;
  /** When its head had come. */
  readonly answeredAtMs: number;
}

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
  sendHead(to: AnswerTarget, from: AnswerOrigin, piece: BodyPiece): boolean {
    const message = this.#message;
    const keepsRemora = to.role.trustsAnswerFields && from.isFromPeer;
    message.prepare(this.#clientVersion, !this.keepsDownstream, keepsRemora);
    message.marksTrace = to.role.marksAnswers && this.#isToBeKept(to, from);
    const end = message.lay(this.#world, to, from.response, this.#framing, piece);
    return to.downstream.sendHead(end);
  }

  sendInterim(downstream: Downstream, head: Head): void {
    downstream.sendHead(this.#message.layInterim(this.#world, head));
  }

  /** Whether the caller's sidecar is told to keep what it knows of this trace. */
  #isToBeKept({ request }: AnswerTarget, from: AnswerOrigin): boolean {
    const { observer, marks } = this.#world;
    if (isFailure(from.response.status) || from.rttMs >= observer.slowMs) return true;
    return marks.isMarked(request, from.answeredAtMs);
  }

  sendBody(downstream: Downstream, piece: BodyPiece): boolean {
    return downstream.sendBody(this.#framing, piece);
  }
}
