/**
 * One try of a request at one endpoint, from asking for admission to the end of its answer.
 *
 *   IDLE → WAITING (admission) → LEASING (connection) → READY → SENT → ANSWERED → IDLE
 *               any of them → FAILED, with `failure` → IDLE
 *
 * It keeps the books: admission, balancer, ejection and pool hear of every attempt exactly once,
 * and of how it ended by one word (`resilience/outcome.ts`). Whether another follows is not decided
 * here. What comes from inside another exchange's call is queued on the tick, and told from there.
 *
 * Two for each exchange at most, the second made for its first hedge. Budget: no allocation.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import { type Backend, NOT_MEASURED } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import { Lease, type LeaseFailure, type LeaseHolder } from '../net/pool.ts';
import type { Upstream, UpstreamFailure } from '../net/upstream.ts';
import { outcomeOfAnswer, outcomeOfCancel, outcomeOfFailure } from '../resilience/classify.ts';
import { isFailed, OUTCOME } from '../resilience/outcome.ts';
import type { ResendAllowance } from '../resilience/retry.ts';
import {
  ADMITTED,
  NOT_SAMPLED,
  QUEUED,
  SHED_TEXTS,
  Ticket,
  type TicketHolder,
} from '../resilience/ticket.ts';
import { WheelTimer } from '../timer-wheel.ts';
import type { AttemptUser, ExchangeWorld } from './exchange-world.ts';
import type { TickJob } from './tick.ts';
import { AttemptNote } from './trail.ts';

/** What `begin` came to. */
export const BEGUN = { READY: 0, WAITING: 1, FAILED: 2 } as const;

const STATE = {
  IDLE: 0,
  WAITING: 1,
  ADMITTED: 2,
  LEASING: 3,
  READY: 4,
  FAILED: 5,
  SENT: 6,
  ANSWERED: 7,
} as const;

const NO_NOTE = new AttemptNote();

export class Attempt implements LeaseHolder, TicketHolder, TickJob {
  epoch = 0;
  readonly response: Head = new Head();
  upstream: Upstream | null = null;
  endpoint: Endpoint | null = null;
  /** Of the attempt that runs, or ran last. */
  note: AttemptNote = NO_NOTE;
  /** Why it failed, and what is known of how far it came. */
  failure: ErrorCode = 'RMR_INTERNAL';
  isUnsent = false;
  isStale = false;
  /** It was sent to find out about its endpoint: a failure is not its caller's. */
  isTrial = false;
  /** Of the endpoint whose reused connection was dead. */
  allowance: ResendAllowance | null = null;
  readonly #world: ExchangeWorld;
  readonly #user: AttemptUser;
  readonly #ticket = new Ticket(this);
  readonly #lease = new Lease(this);
  readonly #timer = new WheelTimer(() => this.#onTimeout());
  /** A long body gives its place at the endpoint back. */
  readonly #streamTimer = new WheelTimer(() => this.#becomeStream());
  #state: number = STATE.IDLE;
  #backend: Backend | null = null;
  #vote = 0;
  #sentAtMs = 0;
  /** 0: as long as the request has. */
  #perTryMs = 0;
  #rttMs: number = NOT_MEASURED;
  /** What the head of the answer said of the endpoint. */
  #outcome: number = OUTCOME.NOTHING_LEARNED;

  constructor(world: ExchangeWorld, user: AttemptUser) {
    this.#world = world;
    this.#user = user;
  }

  get requestMethod(): number {
    return this.#user.request.method;
  }

  get rttMs(): number {
    return this.#rttMs;
  }

  /** Of an answer: the endpoint's proxy made it, for a reason of its own. */
  get isRefusedByPeer(): boolean {
    return this.#outcome === OUTCOME.REFUSED_BY_PEER;
  }

  get isIdle(): boolean {
    return this.#state === STATE.IDLE;
  }

  /** Sent, and nothing of a final answer has come. */
  get isAwaited(): boolean {
    return this.#state === STATE.SENT;
  }

  /** The one request that an open breaker lets through. */
  get isProbe(): boolean {
    return this.#ticket.isProbe;
  }

  /** Where this attempt goes, for people. */
  get where(): string {
    const key = this.#backend?.key ?? '';
    return this.endpoint === null ? key : `${this.endpoint.key} of ${key}`;
  }

  /**
   * READY: to be sent now. WAITING: the user will be told. FAILED: `failure` says why. `why`: a
   * RETRY, FIRST or HEDGE.
   */
  begin(backend: Backend, why: number): number {
    this.#backend = backend;
    const nowMs = this.#world.clock.nowMs();
    this.note = this.#user.trail.next();
    this.note.begin(why, backend, nowMs);
    this.isUnsent = true;
    this.isStale = false;
    this.allowance = null;
    this.#rttMs = NOT_MEASURED;
    this.#outcome = OUTCOME.NOTHING_LEARNED;
    if (backend.isEmpty) return this.#fail('RMR_NO_ENDPOINTS');
    const ticket = this.#ticket;
    ticket.priority = this.#user.priority;
    ticket.deadlineAtMs = this.#user.deadlineAtMs;
    const asked = backend.admission.ask(ticket, nowMs);
    if (asked === ADMITTED) return this.#takeConnection(nowMs);
    if (asked !== QUEUED) return this.#fail(ticket.shedCode);
    this.#state = STATE.WAITING;
    return BEGUN.WAITING;
  }

  /** Why admission refused, for people; else where it was going. */
  get detail(): string {
    const { shedCode, shedReason } = this.#ticket;
    if (this.endpoint !== null || this.failure !== shedCode) return this.where;
    return `${this.where}: ${SHED_TEXTS[shedReason]}`;
  }

  /** The head was written; `isWhole`: with all of the body. */
  onSent(isWhole: boolean, perTryMs: number): void {
    this.#state = STATE.SENT;
    this.isUnsent = false;
    this.#sentAtMs = this.#world.clock.nowMs();
    this.note.sentAtMs = this.#sentAtMs;
    this.note.isProbe = this.#ticket.isProbe;
    this.note.isReused = this.upstream!.uses > 1;
    // Of a request that is still being written the latency is the client's.
    this.#ticket.sentAtMs = isWhole ? this.#sentAtMs : NOT_SAMPLED;
    const probeMs = this.#ticket.isProbe ? limits.breakerProbeMsMax : 0;
    const limitMs = perTryMs > 0 && probeMs > 0 ? Math.min(perTryMs, probeMs) : perTryMs + probeMs;
    this.#perTryMs = perTryMs;
    if (limitMs > 0) this.#world.wheel.arm(this.#timer, limitMs);
  }

  /** The last piece of a body was written, and the body was short. */
  onBodyWritten(): void {
    if (this.#state !== STATE.SENT) return;
    this.#sentAtMs = this.#world.clock.nowMs();
    this.#ticket.sentAtMs = this.#sentAtMs;
  }

  /** From its user, at the end of an answer that is whole: the connection goes back. */
  finish(): void {
    const upstream = this.upstream!;
    this.upstream = null;
    upstream.home.giveBack(upstream);
    this.#settle(this.#outcome);
  }

  /** Lets go of the upstream side and says how it ended. */
  drop(outcome: number): void {
    this.#lease.cancel();
    const upstream = this.upstream;
    this.upstream = null;
    upstream?.close();
    this.#settle(outcome);
  }

  /** An answer that is not passed on: a retry follows. */
  discard(isWhole: boolean): void {
    if (isWhole) this.finish();
    else this.drop(this.#outcome);
  }

  /** Its caller has gone: that says something only of an endpoint that was silent for long. */
  dropCancelled(): void {
    const waitedMs = this.#world.clock.nowMs() - this.#sentAtMs;
    const isSilent = this.#state === STATE.SENT && this.response.filled === 0 && this.#isAsked;
    const usualMs = this.endpoint?.usualMs ?? 0;
    this.drop(isSilent ? outcomeOfCancel(waitedMs, usualMs) : OUTCOME.NOTHING_LEARNED);
  }

  /** The request's time is over. What its client has not sent yet is not the endpoint's fault. */
  dropLate(): void {
    const isUnasked = this.#state === STATE.SENT && !this.#isAsked;
    this.drop(isUnasked ? OUTCOME.NOTHING_LEARNED : OUTCOME.MISSED);
  }

  // Admission and tick

  onAdmitted(): void {
    this.#state = STATE.ADMITTED;
    this.#world.tick.add(this);
  }

  onShed(code: ErrorCode): void {
    this.#fail(code);
    this.#world.tick.add(this);
  }

  onLeased(upstream: Upstream): void {
    this.upstream = upstream;
    this.#state = STATE.READY;
    this.#world.tick.add(this);
  }

  onLeaseFailed(code: LeaseFailure): void {
    this.#fail(code);
    this.#world.tick.add(this);
  }

  onTick(): void {
    switch (this.#state) {
      case STATE.ADMITTED: {
        const begun = this.#takeConnection(this.#world.clock.nowMs());
        if (begun === BEGUN.READY) this.#user.onAttemptReady(this);
        else if (begun === BEGUN.FAILED) this.#tellFailure();
        return;
      }
      case STATE.READY:
        return this.#user.onAttemptReady(this);
      case STATE.FAILED:
        return this.#tellFailure();
    }
  }

  // Upstream

  onInterim(): void {
    this.#user.onAttemptInterim(this);
  }

  onResponseHead(bodyKind: number, piece: BodyPiece): void {
    const nowMs = this.#world.clock.nowMs();
    const { endpoint } = this;
    this.#state = STATE.ANSWERED;
    this.#rttMs = nowMs - this.#sentAtMs;
    if (endpoint!.inMesh) {
      this.#world.marks.readAnswer(this.response, this.#user.request, nowMs);
    }
    this.#outcome = outcomeOfAnswer(this.response, endpoint!.inMesh);
    this.note.answeredAtMs = nowMs;
    this.note.status = this.response.status;
    if (this.#ticket.isProbe || this.response.status === 101) this.#boundAnswer();
    const backend = this.#backend!;
    backend.onHead(endpoint!, this.#vote, this.#outcome, nowMs);
    if (this.#outcome !== OUTCOME.REFUSED_BY_PEER) {
      backend.admission.onAnswered(this.#ticket, nowMs);
    }
    if (!piece.isLast) this.#world.wheel.arm(this.#streamTimer, limits.streamSlotMs);
    this.#user.onAttemptHead(this, bodyKind, piece);
  }

  onResponseBody(piece: BodyPiece): void {
    this.#user.onAttemptBody(this, piece);
  }

  onUpstreamFlushed(): void {
    this.#user.onAttemptFlushed(this);
  }

  onUpstreamEnd(): void {
    this.#user.onAttemptEnd(this);
  }

  onUpstreamFailed(code: UpstreamFailure): void {
    const upstream = this.upstream;
    this.upstream = null;
    // A reused connection that dies before any byte of an answer was most likely closed while idle.
    this.isStale =
      this.#state === STATE.SENT &&
      code !== 'RMR_UPSTREAM_BAD_RESPONSE' &&
      upstream !== null &&
      upstream.uses > 1 &&
      !upstream.hasAnswered &&
      this.response.filled === 0;
    this.allowance = this.isStale ? upstream!.home : null;
    this.#fail(code);
    this.#tellFailure();
  }

  #takeConnection(nowMs: number): number {
    const backend = this.#backend!;
    const user = this.#user;
    const { request } = user;
    const endpoint = backend.pick(request, user.peer, user.tried, nowMs, user.mayRepeat);
    if (endpoint === null) {
      backend.admission.cancel(this.#ticket);
      return this.#fail('RMR_NO_ENDPOINTS');
    }
    this.endpoint = endpoint;
    this.note.choose(endpoint, nowMs);
    this.#sentAtMs = nowMs; // What fails before it is sent took from here on.
    this.#vote = backend.onSent(endpoint, nowMs);
    this.isTrial = backend.isOnTrial(endpoint);
    backend.admission.onSent(this.#ticket, endpoint.slot, nowMs);
    const pool = this.#world.poolOf(endpoint, backend);
    const upstream = pool.tryLease(this, nowMs);
    if (upstream !== null) {
      this.upstream = upstream;
      this.#state = STATE.READY;
      return BEGUN.READY;
    }
    this.#state = STATE.LEASING;
    return pool.wait(this.#lease) ? BEGUN.WAITING : this.#fail('RMR_POOL_FULL');
  }

  #fail(code: ErrorCode): number {
    this.failure = code;
    this.note.failure = code;
    this.#state = STATE.FAILED;
    return BEGUN.FAILED;
  }

  #tellFailure(): void {
    this.#user.onAttemptFailed(this);
  }

  /** After `onAttemptFailed`, or after a `begin` that failed. */
  settleFailure(): void {
    this.drop(outcomeOfFailure(this.failure, this.isStale));
  }

  #settle(outcome: number): void {
    const { endpoint } = this;
    this.epoch++;
    this.#world.wheel.cancel(this.#timer);
    this.#world.wheel.cancel(this.#streamTimer);
    this.#state = STATE.IDLE;
    this.response.reset();
    this.endpoint = null;
    const backend = this.#backend;
    this.#backend = null;
    if (backend === null) return;
    if (endpoint === null) return backend.admission.cancel(this.#ticket);
    this.#user.tried.add(endpoint);
    const nowMs = this.#world.clock.nowMs();
    this.note.endedAtMs = nowMs;
    const isUnmeasured = this.#rttMs === NOT_MEASURED && isFailed(outcome);
    const rttMs = isUnmeasured ? nowMs - this.#sentAtMs : this.#rttMs;
    backend.onDone(endpoint, this.#vote, rttMs, outcome, nowMs);
    backend.admission.onDone(this.#ticket, outcome, nowMs);
  }

  /** Whether the endpoint has all it needs to answer, or does not take it. */
  get #isAsked(): boolean {
    return this.#user.isRequestComplete || this.upstream?.stream.isBlocked === true;
  }

  /** What a probe asked is answered: the rest has the time of a try. A tunnel has no such time. */
  #boundAnswer(): void {
    const { wheel } = this.#world;
    const isTunnel = this.response.status === 101;
    if (isTunnel || this.#perTryMs === 0) wheel.cancel(this.#timer);
    else wheel.arm(this.#timer, Math.max(0, this.#perTryMs - this.#rttMs));
  }

  #onTimeout(): void {
    this.#fail('RMR_PER_TRY_TIMEOUT');
    this.#tellFailure();
  }

  #becomeStream(): void {
    this.#backend!.admission.leaveSlot(this.#ticket, this.#world.clock.nowMs());
  }
}
