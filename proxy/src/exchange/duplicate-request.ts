/**
 * A request whose rule collapses duplicates, on its way between the exchange and the store.
 *
 *   BEGUN → COLLECTING its body → COLLECTED → WAITING → sent as the first, or answered
 *
 * The body is part of what is compared, so it is collected before anything is decided; one over
 * 64 KiB is not, and goes on as any other, untracked. Waiting takes no place at the application.
 *
 * Everything is done on the tick, never inside a call of the exchange or of another request. Made
 * by `exchange.ts` for each such request: it hashes, and so allocates anyway.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import type { Head } from '../http1/head.ts';
import { ascii } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Downstream } from '../net/downstream.ts';
import type { StoredAnswer } from '../resilience/answer-record.ts';
import { digestOfBody, type NewHash, scopeOf } from '../resilience/duplicate-scope.ts';
import {
  type DuplicateEnd,
  type DuplicateHolder,
  DuplicateTicket,
  JOINED,
} from '../resilience/duplicates.ts';
import type { ExchangeWorld } from './exchange-world.ts';
import type { RequestBody } from './request-body.ts';
import type { TickJob } from './tick.ts';

/** The exchange, as seen from here. */
export interface DuplicateUser {
  readonly request: Head;
  readonly body: RequestBody;
  readonly downstream: Downstream;
  /** It goes to the application. */
  send(backend: Backend): void;
  replay(answer: StoredAnswer): void;
  answer(code: ErrorCode, detail: string): void;
}

const STATE = { BEGUN: 0, COLLECTING: 1, COLLECTED: 2, WAITING: 3, OVER: 4 } as const;

const CONTINUE = ascii('HTTP/1.1 100 Continue\r\n\r\n');
/** Loaded by the first such request: most proxies have none, and it costs 1.2 MB of their own. */
const newHash: NewHash = () => process.getBuiltinModule('node:crypto').createHash('sha256');

/** Null: it has no key, or none that can be used, and goes on as any other. */
export function duplicateOf(
  world: ExchangeWorld,
  user: DuplicateUser,
  keepMs: number,
  backend: Backend,
): DuplicateRequest | null {
  // The caller is an address until connections prove who it is.
  const scope = scopeOf(user.request, user.downstream.peer, newHash);
  return scope === null ? null : new DuplicateRequest(world, user, { scope, keepMs, backend });
}

export class DuplicateRequest implements DuplicateHolder, TickJob {
  /** Never pooled: its state tells that it is over. */
  readonly epoch = 0;
  readonly #world: ExchangeWorld;
  readonly #user: DuplicateUser;
  readonly #scope: string;
  readonly #keepMs: number;
  readonly #backend: Backend;
  readonly #ticket: DuplicateTicket;
  #state: number = STATE.BEGUN;

  constructor(
    world: ExchangeWorld,
    user: DuplicateUser,
    given: { readonly scope: string; readonly keepMs: number; readonly backend: Backend },
  ) {
    this.#world = world;
    this.#user = user;
    this.#scope = given.scope;
    this.#keepMs = given.keepMs;
    this.#backend = given.backend;
    this.#ticket = new DuplicateTicket(this, world.replayBlocks);
    world.tick.add(this);
  }

  /** Whom it waits for, for people; null: it was sent, or is over. */
  get where(): string | null {
    if (this.#state === STATE.OVER) return null;
    if (this.#state === STATE.WAITING) return 'the first request with this Idempotency-Key';
    return `${this.#backend.key}, which is asked once the body is whole,`;
  }

  onRequestBody(piece: BodyPiece): void {
    if (this.#state !== STATE.COLLECTING) return;
    if (!piece.isLast && !this.#user.body.hasSpilled) return;
    if (!piece.isLast) this.#user.downstream.pauseBody();
    this.#state = STATE.COLLECTED;
    this.#world.tick.add(this);
  }

  /** Of the answer that goes down: recorded, if this is the first. */
  onAnswerHead(response: Head, piece: BodyPiece): void {
    if (!this.#ticket.isFirst) return;
    this.#ticket.record.begin(response, this.#user.request.method);
    this.onAnswerBody(piece);
  }

  onAnswerBody(piece: BodyPiece): void {
    const { clock, duplicates } = this.#world;
    if (piece.end > piece.start) this.#ticket.record.append(piece.bytes, piece.start, piece.end);
    if (piece.isLast) duplicates.complete(this.#ticket, piece.trailers !== null, clock.nowMs());
  }

  /** The exchange ends, however: if nothing was stored, the next that waits is the first now. */
  leave(): void {
    this.#state = STATE.OVER;
    this.#world.duplicates.leave(this.#ticket);
  }

  onDuplicateTurn(): void {
    this.#world.tick.add(this);
  }

  onTick(): void {
    switch (this.#state) {
      case STATE.BEGUN:
        return this.#begin();
      case STATE.COLLECTED:
        return this.#join();
      case STATE.WAITING:
        return this.#onTurn();
    }
  }

  #begin(): void {
    const { request, body, downstream } = this.#user;
    if (body.isWhole) return this.#join();
    if (request.contentLength > limits.replayBytesMax) return this.#send('untracked');
    this.#state = STATE.COLLECTING;
    body.collect(limits.replayBytesMax - (request.filled - request.length));
    // Who asks whether to send its body is told here: the application is not asked before it came.
    if (request.expectContinue) {
      this.#world.scratch.take(CONTINUE.length).set(CONTINUE);
      downstream.sendHead(CONTINUE.length);
    }
    this.#user.downstream.resumeBody();
  }

  #join(): void {
    const { request, body } = this.#user;
    if (body.hasSpilled) return this.#send('untracked');
    const { duplicates, clock } = this.#world;
    const start = request.slab.subarray(request.length, request.filled);
    const digest = digestOfBody(start, body.kept, newHash);
    const joined = duplicates.join(this.#ticket, this.#scope, digest, this.#keepMs, clock.nowMs());
    switch (joined) {
      case JOINED.FIRST:
        return this.#send('executed');
      case JOINED.WAITS:
        this.#state = STATE.WAITING;
        return;
      case JOINED.REPLAY:
        return this.#replay('replayed');
      case JOINED.KEY_REUSED:
        this.#world.onDuplicate('reused_key');
        return this.#user.answer('RMR_KEY_REUSED', 'this key came before with another body');
      case JOINED.CROWDED: {
        this.#world.onDuplicate('crowded');
        const waiting = `${limits.duplicateWaitersMax} requests wait for the same answer`;
        return this.#user.answer('RMR_OVERLOADED', `${this.#backend.key}: ${waiting} already`);
      }
      default:
        return this.#send('untracked');
    }
  }

  #onTurn(): void {
    if (this.#ticket.answer === null) this.#send('executed');
    else this.#replay('waited');
  }

  #send(end: DuplicateEnd): void {
    this.#state = STATE.OVER;
    this.#world.onDuplicate(end);
    this.#user.send(this.#backend);
  }

  #replay(end: DuplicateEnd): void {
    this.#world.onDuplicate(end);
    this.#user.replay(this.#ticket.answer!);
  }
}
