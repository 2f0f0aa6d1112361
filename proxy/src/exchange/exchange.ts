/**
 * One request's life: every event of it enters here, and everything else is a leaf.
 *
 *   IDLE → ROUTING → TRYING → RELAYING → IDLE
 *             │         │         └→ TUNNEL (101)
 *             └─────────┴→ answered by Remora itself → IDLE
 *
 * No async: an await can't be cancelled, and resuming late it would find another request in this
 * pooled object. Whoever may call late holds the epoch, which `#release` bumps. A leaf never calls
 * back from inside a call made here: pools, admission and configuration queue on the tick.
 *
 * Budget: no allocation per exchange; `bench/hop`. Made by `exchanges.ts`, routed by `roles/`.
 */
import { type ErrorCode, errorSpec } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Downstream, DownstreamUser } from '../net/downstream.ts';
import { layReplay, replayRoom, type StoredAnswer } from '../resilience/answer-record.ts';
import { isFailure, speaksOfBackend } from '../resilience/classify.ts';
import { NO_DEADLINE } from '../resilience/deadline.ts';
import { FaultStrike } from '../resilience/fault.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import type { RuleBreaker } from '../resilience/rule-breaker.ts';
import { PRIORITY, type PriorityNumber } from '../resilience/ticket.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import { WheelTimer } from '../timer-wheel.ts';
import { AnswerRelay } from './answer-relay.ts';
import { lateness, readDeadline, rememberDeadline, settleDeadline } from './deadlines.ts';
import { type DuplicateRequest, duplicateOf, type DuplicateUser } from './duplicate-request.ts';
import type { AnswerExtra, ExchangeWorld, Role, Routable } from './exchange-world.ts';
import { layAnswer, layRedirect, requestIdLine } from './local-answer.ts';
import { Mirrors } from './mirrors.ts';
import { poison } from './poison.ts';
import { RequestBody } from './request-body.ts';
import { NO_PIECE, SlowBody, type SlowBodyUser } from './slow-body.ts';
import { Trail } from './trail.ts';
import { Tries, type TriesUser } from './tries.ts';

const STATE = {
  IDLE: 0,
  ROUTING: 1,
  DELAYED: 2,
  TRYING: 3,
  RELAYING: 4,
  TUNNEL: 5,
} as const;

export class Exchange implements DownstreamUser, Routable, TriesUser, DuplicateUser, SlowBodyUser {
  epoch = 0;
  readonly request: Head = new Head();
  readonly body: RequestBody;
  readonly trail: Trail = new Trail();
  downstream!: Downstream;
  role!: Role;
  state: number = STATE.IDLE;

  /** Set by the role before `forward`. */
  breaker: RuleBreaker | null = null;
  breakerEpoch = 0;
  priority: PriorityNumber = PRIORITY.default;
  /** What the rule's faults do to this request; drawn by the role, once. */
  readonly strike: FaultStrike = new FaultStrike();
  hasBeenStruck = false;

  rule: Rule | null = null;
  target: Target | null = null;
  prefixLength = 0;
  series: RouteSeries | null = null;
  startedAtMs = 0;
  deadlineAtMs: number = NO_DEADLINE;

  readonly #world: ExchangeWorld;
  readonly #giveBack: (exchange: Exchange) => void;
  readonly #tries: Tries;
  readonly #relay: AnswerRelay;
  readonly #mirrors: Mirrors;
  /** Null but for a request whose duplicates are collapsed. */
  #duplicate: DuplicateRequest | null = null;
  readonly #deadline = new WheelTimer(() => this.#onDeadline());
  /** Made when a fault first slows an answer down. */
  #slow: SlowBody | null = null;
  /** Of what is waited for besides: a first configuration, a fault's delay. */
  readonly #pause = new WheelTimer(() => this.#onPauseOver());

  constructor(world: ExchangeWorld, giveBack: (exchange: Exchange) => void) {
    this.#world = world;
    this.#giveBack = giveBack;
    this.body = new RequestBody(world.replayBlocks);
    this.#tries = new Tries(world, this);
    this.#relay = new AnswerRelay(world);
    this.#mirrors = new Mirrors(world);
  }

  get peer(): string {
    return this.rule!.needsPeer ? this.downstream.peer : '';
  }

  // Downstream

  onRequestHead(bodyKind: number, bodyDone: boolean, trailers: Uint8Array | null): void {
    this.startedAtMs = this.#world.clock.nowMs();
    this.body.begin(bodyKind, bodyDone, trailers);
    this.trail.requestBytes = this.request.filled - this.request.length;
    this.state = STATE.ROUTING;
    this.#world.counts.inFlight++;
    this.role.route(this);
  }

  /** The head itself is refused: there is no request, only an answer. */
  refuse(code: ErrorCode, reason: string): void {
    this.startedAtMs = this.#world.clock.nowMs();
    this.#world.counts.inFlight++;
    this.request.keepAlive = false;
    this.answer(code, reason);
  }

  onRequestBody(piece: BodyPiece): void {
    this.trail.requestBytes += piece.end - piece.start;
    this.#mirrors.onRequestBody(piece);
    if (this.state !== STATE.TUNNEL) this.body.onPiece(piece);
    this.#duplicate?.onRequestBody(piece);
    this.#tries.onRequestBody(piece);
  }

  onDownstreamFlushed(): void {
    if (this.#slow?.isBusy !== true) this.#tries.upstream?.resume();
  }

  onDownstreamEnd(): void {
    this.#tries.upstream?.endTunnel();
  }

  onClientGone(malformed: boolean): void {
    if (malformed && this.state < STATE.RELAYING) {
      this.#tries.drop(OUTCOME.NOTHING_LEARNED);
      return this.answer('RMR_BODY_MALFORMED', 'the framing of the request body is broken');
    }
    if (malformed) this.downstream.abort();
    this.#tries.cancel();
    this.#world.counts.clientsGone++;
    this.#end(this.#relay.status === 0 ? 499 : this.#relay.status, false);
  }

  // Routing

  /** Goes to a target: an endpoint is chosen and leased at the end of this turn. */
  forward(target: Target, backend: Backend, prefixLength: number): void {
    const rule = this.rule!;
    this.target = target;
    this.series = target.series;
    this.prefixLength = prefixLength;
    this.state = STATE.TRYING;
    const { clock, wheel } = this.#world;
    const nowMs = clock.nowMs();
    this.deadlineAtMs = readDeadline(this.#world, this, rule.requestTimeoutMs);
    rememberDeadline(this.#world, this, this.deadlineAtMs);
    this.#tries.aim(backend);
    if (this.deadlineAtMs <= nowMs) return this.#onDeadline();
    if (this.deadlineAtMs !== NO_DEADLINE) wheel.arm(this.#deadline, this.deadlineAtMs - nowMs);
    if (rule.duplicates !== null) {
      this.#duplicate = duplicateOf(this.#world, this, rule.duplicates.keepMs, backend);
    }
    if (this.#duplicate === null) this.send(backend);
  }

  /** Nothing holds it back: the first attempt is made at the end of this turn. */
  send(backend: Backend): void {
    const rule = this.rule!;
    backend.budget.onRequest(this.#world.clock.nowMs());
    if (rule.retry.retriesMax === 0) this.body.keepNoMore();
    this.#tries.begin(backend);
    this.#mirrors.begin(this, rule);
  }

  /** The destination's first configuration is on its way; the role is asked again then. */
  awaitConfig(): void {
    this.state = STATE.ROUTING;
    this.#world.wheel.arm(this.#pause, limits.firstConfigTimeoutMs);
  }

  configArrived(): void {
    this.#world.wheel.cancel(this.#pause);
    this.role.route(this);
  }

  /** A fault holds the request back; the role is asked again after that. */
  delay(ms: number): void {
    this.state = STATE.DELAYED;
    this.#world.wheel.arm(this.#pause, ms);
  }

  /** A fault cuts the client off. */
  cutOff(code: ErrorCode): void {
    this.trail.cause = code;
    this.#world.onLocalAnswer(code);
    this.downstream.abort();
    this.#end(errorSpec(code).status, true);
  }

  /** Remora answers itself: the table's status for the code, and why. */
  answer(code: ErrorCode, detail: string, extra: AnswerExtra = {}): void {
    const keep = this.#mayKeepDownstream();
    const { marksAnswers: marksTrace } = this.role;
    const answer = { code, detail, close: !keep, marksTrace, extra };
    const end = layAnswer(this.#world, this.request, answer, this.trail);
    this.trail.refuse(code, detail);
    this.#world.onLocalAnswer(code);
    if (!speaksOfBackend(code)) this.#tellBreaker(OUTCOME.NOTHING_LEARNED);
    this.#sendLocal(end, extra.status ?? errorSpec(code).status, keep);
  }

  /** The stored answer of the same request, sent before. */
  replay(answer: StoredAnswer): void {
    const keep = this.#mayKeepDownstream();
    const id = Buffer.from(requestIdLine(this.request, this.#world.ids));
    const out = this.#world.scratch.take(replayRoom(answer, id));
    const end = layReplay(out, 0, answer, id, this.request.version, !keep);
    this.#sendLocal(end, answer.status, keep);
  }

  redirect(status: number, location: string): void {
    const keep = this.#mayKeepDownstream();
    this.#sendLocal(layRedirect(this.#world, this.request, status, location, !keep), status, keep);
  }

  // Tries

  onInterim(response: Head): void {
    if (this.request.version < 11) return; // HTTP/1.0 knows no interim answers (RFC 9110 §15.2).
    this.#relay.sendInterim(this.downstream, response);
  }

  onAnswerHead(bodyKind: number, piece: BodyPiece): void {
    const { status } = this.#tries.response;
    this.trail.responseBytes += piece.end - piece.start;
    if (status === 101) return this.#beginTunnel(piece);
    this.state = STATE.RELAYING;
    if (this.#tries.isRefusedByPeer) this.#tellBreaker(OUTCOME.NOTHING_LEARNED);
    this.body.stopKeeping();
    this.#duplicate?.onAnswerHead(this.#tries.response, piece);
    this.#relay.begin(status, bodyKind, this.request.version, this.#mayKeepDownstream());
    if (this.#isSlowed(piece)) {
      this.#relay.sendHead(this, this.#tries, NO_PIECE);
      this.#sendSlowly(piece);
    } else this.#afterPiece(piece, this.#relay.sendHead(this, this.#tries, piece));
  }

  onAnswerBody(piece: BodyPiece): void {
    this.trail.responseBytes += piece.end - piece.start;
    this.#duplicate?.onAnswerBody(piece);
    if (this.#isSlowed(piece)) this.#sendSlowly(piece);
    else this.#afterPiece(piece, this.#relay.sendBody(this.downstream, piece));
  }

  /** Ending it cleanly would pass a part off as the whole. */
  onAnswerCut(code: ErrorCode): void {
    this.trail.cause = code;
    if (this.state === STATE.TUNNEL) {
      if (code === 'RMR_UPSTREAM_RESET') this.downstream.abort();
      else this.downstream.finish(false);
      this.#tries.drop(OUTCOME.NOTHING_LEARNED);
      return this.#end(this.#relay.status, false);
    }
    this.#tries.drop(OUTCOME.FAILED);
    this.downstream.abort();
    this.#end(this.#relay.status, true);
  }

  onTriesFailed(code: ErrorCode, detail: string): void {
    this.answer(this.role.failureCode(code), detail);
  }

  // Slow body

  sendPart(part: BodyPiece): void {
    this.#relay.sendBody(this.downstream, part);
  }

  onPartsSent(isLast: boolean): void {
    if (isLast) this.#complete();
    else this.#tries.upstream?.resume();
  }

  #afterPiece(piece: BodyPiece, taken: boolean): void {
    if (piece.isLast) this.#complete();
    else if (!taken) this.#tries.upstream!.pause();
  }

  #isSlowed(piece: BodyPiece): boolean {
    return this.strike.bytesPerSecond > 0 && piece.end > piece.start;
  }

  #sendSlowly(piece: BodyPiece): void {
    this.#slow ??= new SlowBody(this.#world.wheel, this);
    this.#slow.begin(piece, this.strike.bytesPerSecond);
    // The endpoint has done its part, and its connection is not held up for ours.
    if (piece.isLast) this.#tries.finish();
    else this.#tries.upstream!.pause();
  }

  #beginTunnel(piece: BodyPiece): void {
    this.state = STATE.TUNNEL;
    this.#world.wheel.cancel(this.#deadline);
    this.#relay.beginTunnel(101, this.request.version);
    const taken = this.#relay.sendHead(this, this.#tries, piece);
    const upstream = this.#tries.upstream!;
    upstream.becomeTunnel();
    this.downstream.becomeTunnel();
    if (!taken) upstream.pause();
  }

  /** The answer is whole: both connections go back, or close where they can't be kept. */
  #complete(): void {
    const { status, keepsDownstream } = this.#relay;
    this.#tries.finish();
    this.downstream.finish(keepsDownstream);
    this.#end(status, isFailure(status));
  }

  #sendLocal(end: number, status: number, keep: boolean): void {
    this.#relay.status = status;
    this.downstream.sendHead(end);
    this.downstream.finish(keep);
    this.#end(status, status >= 500);
  }

  #mayKeepDownstream(): boolean {
    const { request, downstream, role } = this;
    const isDraining = this.#world.isDraining(role.direction);
    return request.keepAlive && downstream.requestDone && !isDraining;
  }

  #onPauseOver(): void {
    if (this.state === STATE.DELAYED) this.role.route(this);
    else this.answer('RMR_CONFIG_PENDING', 'the control plane has not answered yet');
  }

  #onDeadline(): void {
    const isRelaying = this.state >= STATE.RELAYING;
    const where = this.#duplicate?.where ?? this.#tries.where;
    if (isRelaying) {
      this.#tries.drop(OUTCOME.FAILED);
      this.downstream.abort();
      return this.#end(this.#relay.status, true);
    }
    this.#tries.dropLate();
    const { code, allowedMs } = lateness(this);
    this.answer(code, `${where} did not answer within ${allowedMs} ms`);
  }

  #end(status: number, failed: boolean): void {
    this.#world.counts.inFlight--;
    const nowMs = this.#world.clock.nowMs();
    this.series?.record(status, nowMs - this.startedAtMs, failed, this.request.method);
    if (status === 499) this.#tellBreaker(OUTCOME.NOTHING_LEARNED);
    this.#tellBreaker(failed ? OUTCOME.FAILED : OUTCOME.OK);
    settleDeadline(this.#world, this, nowMs);
    this.#world.observer.onEnd(this, status, failed, nowMs);
    this.#release();
  }

  /** Once: what is told later goes unheard. */
  #tellBreaker(outcome: number): void {
    this.breaker?.report(this.breakerEpoch, outcome, this.#world.clock.nowMs());
    this.breaker = null;
  }

  #release(): void {
    this.epoch++;
    this.#world.wheel.cancel(this.#deadline);
    this.#world.wheel.cancel(this.#pause);
    this.#mirrors.end();
    this.#duplicate?.leave();
    this.#duplicate = null;
    this.#tries.reset();
    this.#relay.reset();
    this.trail.reset();
    this.state = STATE.IDLE;
    this.request.reset();
    this.body.release();
    this.rule = null;
    this.target = null;
    this.series = null;
    this.breaker = null;
    this.priority = PRIORITY.default;
    this.deadlineAtMs = NO_DEADLINE;
    this.#slow?.stop();
    if (this.hasBeenStruck) this.strike.reset();
    this.hasBeenStruck = false;
    if (this.#world.poisonsPools) {
      this.downstream = poison('downstream');
      this.role = poison('role');
    }
    this.#giveBack(this);
  }
}
