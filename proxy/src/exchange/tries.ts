/**
 * All attempts of one request, from the first to the one whose answer goes down.
 *
 *   IDLE → QUEUED → TRYING → ANSWERED → IDLE
 *             ↑ BACKING_OFF ┘  (a failed attempt that another may follow)
 *
 * One at a time, and beside it a hedge where the rule has one: the first answer wins and the other
 * is dropped. What fails, or answers a status that the rule retries, is asked about in one place
 * (`next-attempt.ts`); the last failure is the request's. Nothing follows a begun answer.
 *
 * Embedded in its exchange, whose life goes on with the answer. Budget: no allocation, but for the
 * second attempt of an exchange's first hedge.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import { TriedEndpoints } from '../balance/tried.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Downstream } from '../net/downstream.ts';
import type { Upstream } from '../net/upstream.ts';
import { NO_RETRY_AFTER, retryAfterMs } from '../resilience/backoff.ts';
import { hasPeerError, isFailure, peerError } from '../resilience/classify.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import type { PriorityNumber } from '../resilience/ticket.ts';
import { countTrace } from '../telemetry/trace-counts.ts';
import { WheelTimer } from '../timer-wheel.ts';
import { Attempt, BEGUN } from './attempt.ts';
import type { AttemptUser, ExchangeWorld, Role } from './exchange-world.ts';
import { NextAttempt, NO_MORE } from './next-attempt.ts';
import type { RequestBody } from './request-body.ts';
import { RequestMessage, type RequestSource } from './request-message.ts';
import { mayRepeat } from './repeatable.ts';
import type { TickJob } from './tick.ts';
import { FIRST, HEDGE, NOT_ASKED, type Trail } from './trail.ts';

/** The exchange, as its attempts see it. */
export interface TriesUser extends RequestSource {
  readonly role: Role;
  readonly body: RequestBody;
  readonly trail: Trail;
  /** The client's address, where the rule asks for it. */
  readonly peer: string;
  readonly priority: PriorityNumber;
  readonly deadlineAtMs: number;
  readonly downstream: Pick<
    Downstream,
    'destinationKey' | 'endTunnel' | 'pauseBody' | 'resumeBody'
  >;
  onInterim(response: Head): void;
  /** The head of the answer that goes down. */
  onAnswerHead(bodyKind: number, piece: BodyPiece): void;
  onAnswerBody(piece: BodyPiece): void;
  /** The answer ended early: by this failure, or by the time for one try. */
  onAnswerCut(code: ErrorCode): void;
  /** No attempt brought an answer, and none follows. */
  onTriesFailed(code: ErrorCode, detail: string): void;
}

const STATE = { IDLE: 0, QUEUED: 1, TRYING: 2, BACKING_OFF: 3, ANSWERED: 4 } as const;

export class Tries implements AttemptUser, TickJob {
  epoch = 0;
  readonly tried = new TriedEndpoints();
  readonly #world: ExchangeWorld;
  readonly #user: TriesUser;
  readonly #first: Attempt;
  #second: Attempt | null = null;
  readonly #next: NextAttempt;
  readonly #message = new RequestMessage();
  /** Until the next attempt, or until the hedge. */
  readonly #timer = new WheelTimer(() => this.#onTimer());
  #state: number = STATE.IDLE;
  #backend: Backend | null = null;
  /** The attempt that sends, and then the one that answers. */
  #active: Attempt;
  /** The client was told to send its body: no later attempt asks again, nor passes that on. */
  #hasContinued = false;
  /** The attempt that is under way has taken so long; not one that has followed it meanwhile. */
  #isHedgeDue = false;
  /** An attempt was laid out, which counts the request's trace; no later one does. */
  #isCounted = false;

  constructor(world: ExchangeWorld, user: TriesUser) {
    this.#world = world;
    this.#user = user;
    this.#first = new Attempt(world, this);
    this.#active = this.#first;
    this.#next = new NextAttempt(world);
  }

  get request(): Head {
    return this.#user.request;
  }

  get trail(): Trail {
    return this.#user.trail;
  }

  get peer(): string {
    return this.#user.peer;
  }

  get priority(): PriorityNumber {
    return this.#user.priority;
  }

  get deadlineAtMs(): number {
    return this.#user.deadlineAtMs;
  }

  get mayRepeat(): boolean {
    return mayRepeat(this.#user.request);
  }

  get isRequestComplete(): boolean {
    return this.#user.body.isComplete;
  }

  /** Of the attempt that sends or answers; null while there is none. */
  get upstream(): Upstream | null {
    return this.#active.upstream;
  }

  /** Of the answer that goes down. */
  get response(): Head {
    return this.#active.response;
  }

  /** Whether that answer has come by way of another sidecar. */
  get isFromPeer(): boolean {
    return this.#active.endpoint!.inMesh;
  }

  /** Whether that sidecar made it, for a reason of its own. */
  get isRefusedByPeer(): boolean {
    return this.#active.isRefusedByPeer;
  }

  /** How long that answer's head took to come. */
  get rttMs(): number {
    return this.#active.rttMs;
  }

  get answeredAtMs(): number {
    return this.#active.note.answeredAtMs;
  }

  /** Where the request goes, for people. */
  get where(): string {
    return this.#active.isIdle ? this.#backend!.key : this.#active.where;
  }

  /** Where attempts will go, should they be made. */
  aim(backend: Backend): void {
    this.#backend = backend;
  }

  /** The first attempt is made at the end of this turn. */
  begin(backend: Backend): void {
    this.#backend = backend;
    this.#state = STATE.QUEUED;
    this.#world.tick.add(this);
  }

  /** The answer is whole. Told again when it has gone down, where a fault slowed it. */
  finish(): void {
    if (!this.#active.isIdle) this.#active.finish();
  }

  /** Lets go of everything; `outcome` is what the endpoints are told. */
  drop(outcome: number): void {
    if (!this.#first.isIdle) this.#first.drop(outcome);
    if (this.#second?.isIdle === false) this.#second.drop(outcome);
  }

  /** The request's time is over, and no answer was begun. */
  dropLate(): void {
    if (!this.#first.isIdle) this.#first.dropLate();
    if (this.#second?.isIdle === false) this.#second.dropLate();
  }

  /** The caller has gone. */
  cancel(): void {
    if (!this.#first.isIdle) this.#first.dropCancelled();
    if (this.#second?.isIdle === false) this.#second.dropCancelled();
  }

  reset(): void {
    this.epoch++;
    this.#world.wheel.cancel(this.#timer);
    this.#state = STATE.IDLE;
    this.#backend = null;
    this.#active = this.#first;
    this.#hasContinued = false;
    this.#isCounted = false;
    this.#next.reset();
    this.tried.clear();
  }

  onRequestBody(piece: BodyPiece): void {
    const { upstream } = this.#active;
    if (upstream === null) return;
    if (!upstream.sendBody(piece) && !piece.isLast) this.#user.downstream.pauseBody();
    if (piece.isLast && this.#user.body.isAtHand) this.#active.onBodyWritten();
  }

  onTick(): void {
    const isFirst = this.#next.attempts === 0;
    if (this.#state === STATE.QUEUED) this.#try(this.#first, isFirst ? FIRST : this.#next.reason);
    else if (this.#state === STATE.TRYING && this.#isHedgeDue) this.#hedge();
  }

  onAttemptReady(attempt: Attempt): void {
    const user = this.#user;
    const { body } = user;
    const upstream = attempt.upstream!;
    const asksToContinue = !body.isWhole && !body.hasKept && !this.#hasContinued;
    const end = this.#message.lay(this.#world, user, asksToContinue, attempt.note.span);
    if (!this.#isCounted) countTrace(this.#world.counts.traces, user.role.direction, user.request);
    this.#isCounted = true;
    // Told to close after a coding we only pass on: servers disagree on what follows it.
    let taken = upstream.sendHead(end, body.kind, body.isWhole, !user.request.codedChunked);
    if (body.hasKept) taken = body.replay(upstream);
    attempt.onSent(body.isAtHand, user.rule!.perTryTimeoutMs);
    if (!body.isComplete && taken) user.downstream.resumeBody();
    this.#awaitHedge(attempt);
  }

  onAttemptFailed(attempt: Attempt): void {
    if (this.#state === STATE.ANSWERED) return this.#user.onAnswerCut(attempt.failure);
    const { failed } = this.#next;
    failed.code = attempt.failure;
    failed.isUnsent = attempt.isUnsent;
    failed.isStale = attempt.isStale;
    failed.isTrial = attempt.isTrial;
    failed.allowance = attempt.allowance;
    // What admission refused, it would refuse again; and the probe of a breaker is one request.
    const mayFollow = attempt.endpoint !== null && !attempt.isProbe;
    const { failure, detail } = attempt;
    attempt.settleFailure();
    if (this.#isAnyAwaited()) return;
    if (mayFollow && this.#tryAgain(NO_RETRY_AFTER)) return;
    this.#user.onTriesFailed(failure, detail);
  }

  onAttemptInterim(attempt: Attempt): void {
    if (attempt !== this.#active || this.#isHedging) return;
    if (attempt.response.status === 100) {
      if (this.#hasContinued) return;
      this.#hasContinued = true;
    }
    this.#user.onInterim(attempt.response);
  }

  onAttemptHead(attempt: Attempt, bodyKind: number, piece: BodyPiece): void {
    const { response } = attempt;
    if (response.status === 101 && !this.#user.request.upgradeWebsocket) {
      attempt.drop(OUTCOME.FAILED);
      if (this.#isAnyAwaited()) return;
      const why = 'a 101 that was not asked for';
      return this.#user.onTriesFailed('RMR_UPSTREAM_BAD_RESPONSE', why);
    }
    if (response.status >= limits.retriedStatusMin && this.#passesOver(attempt, piece)) return;
    this.#dropOther(attempt);
    this.#world.wheel.cancel(this.#timer);
    this.#active = attempt;
    this.#state = STATE.ANSWERED;
    this.#user.onAnswerHead(bodyKind, piece);
  }

  onAttemptBody(_attempt: Attempt, piece: BodyPiece): void {
    this.#user.onAnswerBody(piece);
  }

  onAttemptFlushed(attempt: Attempt): void {
    if (attempt === this.#active) this.#user.downstream.resumeBody();
  }

  onAttemptEnd(_attempt: Attempt): void {
    this.#user.downstream.endTunnel();
  }

  get #isHedging(): boolean {
    return !this.#first.isIdle && this.#second?.isIdle === false;
  }

  #isAnyAwaited(): boolean {
    return !this.#first.isIdle || this.#second?.isIdle === false;
  }

  #try(attempt: Attempt, why: number): void {
    this.#state = STATE.TRYING;
    this.#isHedgeDue = false;
    this.#active = attempt;
    this.#next.attempts++;
    const begun = attempt.begin(this.#backend!, why);
    if (begun === BEGUN.READY) this.onAttemptReady(attempt);
    else if (begun === BEGUN.FAILED) this.onAttemptFailed(attempt);
  }

  /** Whether another attempt follows what the last one failed by. */
  #tryAgain(askedMs: number): boolean {
    const { body, rule, deadlineAtMs, role } = this.#user;
    const { failed } = this.#next;
    if (!role.retries && !this.#next.metDeadConnection) return false;
    failed.mayRepeat = this.mayRepeat;
    failed.hasAnswered = false;
    failed.isReplayable = body.isReplayable;
    const waitMs = this.#next.wait(rule!.retry, this.#backend!, deadlineAtMs, askedMs);
    this.trail.denied = waitMs === NO_MORE ? this.#next.reason : NOT_ASKED;
    if (waitMs === NO_MORE) return false;
    if (!body.isComplete) this.#user.downstream.pauseBody();
    if (waitMs > 0) {
      this.#state = STATE.BACKING_OFF;
      this.#world.wheel.arm(this.#timer, waitMs);
    } else {
      this.begin(this.#backend!);
    }
    return true;
  }

  /** An answer that is not passed on: of a status to retry, or a peer's refusal. */
  #passesOver(attempt: Attempt, piece: BodyPiece): boolean {
    const { response } = attempt;
    const isRefusal = attempt.endpoint!.inMesh && hasPeerError(response);
    const isTrial = attempt.isTrial && isFailure(response.status);
    const isRetried = isTrial || this.#user.rule!.retry.statuses.includes(response.status);
    if ((!isRefusal && !isRetried) || attempt.isProbe) return false;
    // Who refused is no better a second later: asked again it would only wait longer.
    if (isRefusal && !this.#backend!.hasOtherThan(this.tried.count + 1)) return false;
    const askedMs = this.#held(attempt.endpoint!, isRefusal, retryAfterMs(response));
    const { failed } = this.#next;
    failed.code = isRefusal ? peerError(response) : null;
    failed.status = response.status;
    failed.isTrial = isTrial;
    failed.isUnsent = false;
    failed.isStale = false;
    failed.allowance = null;
    if (!this.#isHedging && !this.#tryAgain(askedMs)) return false;
    attempt.discard(piece.isLast);
    return true;
  }

  /** Leaves an endpoint alone for as long as it asks; what the next attempt has to wait for it. */
  #held(endpoint: Endpoint, isRefusal: boolean, askedMs: number): number {
    if (askedMs > 0) {
      const backend = this.#backend!;
      const nowMs = this.#world.clock.nowMs();
      backend.holdBack(endpoint, askedMs, nowMs);
      // It spoke for itself: another one need not be waited for.
      if (backend.hasFreeOther(endpoint, this.tried, nowMs)) return NO_RETRY_AFTER;
    }
    return isRefusal ? NO_RETRY_AFTER : askedMs;
  }

  #dropOther(attempt: Attempt): void {
    const other = attempt === this.#first ? this.#second : this.#first;
    if (other?.isIdle === false) other.drop(OUTCOME.NOTHING_LEARNED);
  }

  #awaitHedge(attempt: Attempt): void {
    const { hedge } = this.#user.rule!;
    if (hedge === null || attempt !== this.#first) return;
    if (!this.#user.body.isAtHand || !this.mayRepeat || attempt.isProbe) return;
    this.#world.wheel.arm(this.#timer, hedge.afterMs);
  }

  #onTimer(): void {
    if (this.#state === STATE.BACKING_OFF) this.begin(this.#backend!);
    else if (this.#state === STATE.TRYING) {
      this.#isHedgeDue = true;
      this.#world.tick.add(this);
    }
  }

  #hedge(): void {
    if (!this.#first.isAwaited || this.#second?.isIdle === false) return;
    const { counts, clock } = this.#world;
    if (!this.#backend!.budget.trySpend(clock.nowMs())) return;
    counts.hedges++;
    this.#second ??= new Attempt(this.#world, this);
    this.#try(this.#second, HEDGE);
  }
}
