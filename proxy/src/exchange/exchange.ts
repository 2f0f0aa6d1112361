/**
 * One request's life: every event of it enters here, and everything else is a leaf.
 *
 *   IDLE → ROUTING → QUEUED → LEASING → SENT → RELAYING → IDLE
 *             │         ↑ attempt failed, may try again │→ TUNNEL (101)
 *             └→ answered by Remora itself → IDLE
 *
 * No async: an await can't be cancelled, and resuming late it would find another request in this
 * pooled object. Whoever may call late holds the epoch, which `#release` bumps. A leaf never calls
 * back from inside a call made here: pools and configuration queue on the tick.
 *
 * Budget: no allocation per exchange; `bench/hop`. Made by `exchanges.ts`, routed by `roles/`.
 */
import { type ErrorCode, errorSpec } from '@remora/api/errors.ts';
import type { Backend } from '../balance/backend.ts';
import { BODY_NONE, BODY_UNTIL_CLOSE, downstreamFraming } from '../http1/body-framing.ts';
import { Head } from '../http1/head.ts';
import { limits } from '../limits.ts';
import type { BodyPiece } from '../net/body-writer.ts';
import type { Downstream, DownstreamUser } from '../net/downstream.ts';
import type { LeaseFailure, LeaseHolder } from '../net/pool.ts';
import { isIdempotent, type Upstream, type UpstreamFailure } from '../net/upstream.ts';
import { isFailure } from '../resilience/classify.ts';
import type { Rewrite, Rule, Target } from '../routing/compiled.ts';
import type { RouteSeries } from '../telemetry/proxy-metrics.ts';
import { WheelTimer } from '../timer-wheel.ts';
import { Attempt, BEGUN } from './attempt.ts';
import type { ExchangeWorld, Role, Routable } from './exchange-world.ts';
import { layAnswer, layRedirect } from './local-answer.ts';
import { Mirrors } from './mirrors.ts';
import { RequestMessage } from './request-message.ts';
import { ResponseMessage } from './response-message.ts';

export const STATE = {
  IDLE: 0,
  ROUTING: 1,
  QUEUED: 2,
  LEASING: 3,
  GRANTED: 4,
  LEASE_FAILED: 5,
  SENT: 6,
  RELAYING: 7,
  TUNNEL: 8,
} as const;

export class Exchange implements DownstreamUser, LeaseHolder, Routable {
  epoch = 0;
  readonly request: Head = new Head();
  readonly response: Head = new Head();
  downstream!: Downstream;
  role!: Role;
  state: number = STATE.IDLE;

  /** The request's body: a body kind; whether all of it lies behind the head in the slab. */
  bodyKind: number = BODY_NONE;
  bodyWhole = false;
  bodyTrailers: Uint8Array | null = null;

  /** Set by the role before `forward`. */
  rule: Rule | null = null;
  target: Target | null = null;
  prefixLength = 0;
  series: RouteSeries | null = null;
  startedAtMs = 0;

  readonly #world: ExchangeWorld;
  readonly #giveBack: (exchange: Exchange) => void;
  readonly #attempt: Attempt;
  readonly #timer: WheelTimer = new WheelTimer(() => this.#onTimeout());
  readonly #mirrors: Mirrors;
  readonly #requestMessage = new RequestMessage();
  readonly #responseMessage = new ResponseMessage();
  #leaseFailure: LeaseFailure | null = null;
  #status = 0;
  #framing: number = BODY_NONE;
  #keepDownstream = false;
  #timesOutTry = false;

  constructor(world: ExchangeWorld, giveBack: (exchange: Exchange) => void) {
    this.#world = world;
    this.#giveBack = giveBack;
    this.#attempt = new Attempt(world, this);
    this.#mirrors = new Mirrors(world);
  }

  get rewrite(): Rewrite | null {
    return this.rule?.rewrite ?? null;
  }

  get requestMethod(): number {
    return this.request.method;
  }

  // Downstream

  onRequestHead(bodyKind: number, bodyDone: boolean, trailers: Uint8Array | null): void {
    this.startedAtMs = this.#world.clock.nowMs();
    this.bodyKind = bodyKind;
    this.bodyWhole = bodyDone;
    this.bodyTrailers = trailers;
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
    this.#mirrors.onRequestBody(piece);
    const upstream = this.#attempt.upstream;
    if (upstream === null) return;
    if (!upstream.sendBody(piece) && !piece.isLast) this.downstream.pauseBody();
  }

  onDownstreamFlushed(): void {
    this.#attempt.upstream?.resume();
  }

  onDownstreamEnd(): void {
    this.#attempt.upstream?.endTunnel();
  }

  onClientGone(malformed: boolean): void {
    if (malformed && this.state < STATE.RELAYING) {
      this.#attempt.drop(false);
      return this.answer('RMR_BODY_MALFORMED', 'the framing of the request body is broken');
    }
    if (malformed) this.downstream.abort();
    this.#attempt.drop(false);
    this.#world.counts.clientsGone++;
    this.#end(this.#status === 0 ? 499 : this.#status, false);
  }

  // Routing

  /** Goes to a target: an endpoint is chosen and leased at the end of this turn. */
  forward(rule: Rule, target: Target, backend: Backend, prefixLength: number): void {
    this.rule = rule;
    this.target = target;
    this.series = target.series;
    this.prefixLength = prefixLength;
    this.#attempt.backend = backend;
    this.#mirrors.begin(this, rule);
    const timeoutMs = rule.requestTimeoutMs;
    this.#timesOutTry =
      rule.perTryTimeoutMs > 0 && (timeoutMs === 0 || rule.perTryTimeoutMs < timeoutMs);
    if (timeoutMs > 0) this.#world.wheel.arm(this.#timer, timeoutMs);
    this.state = STATE.QUEUED;
    this.#world.tick.add(this);
  }

  /** The destination's first configuration is on its way; the role is asked again then. */
  awaitConfig(): void {
    this.state = STATE.ROUTING;
    this.#world.wheel.arm(this.#timer, limits.firstConfigTimeoutMs);
  }

  configArrived(): void {
    this.#world.wheel.cancel(this.#timer);
    this.role.route(this);
  }

  /** Remora answers itself: the table's status for the code, and why. */
  answer(code: ErrorCode, detail: string): void {
    const keep = this.#mayKeepDownstream();
    const end = layAnswer(this.#world, this.request, code, detail, !keep);
    this.#world.onLocalAnswer(code);
    this.#sendLocal(end, errorSpec(code).status, keep);
  }

  redirect(status: number, location: string): void {
    const keep = this.#mayKeepDownstream();
    this.#sendLocal(layRedirect(this.#world, this.request, status, location, !keep), status, keep);
  }

  // Pool and tick

  onTick(): void {
    switch (this.state) {
      case STATE.QUEUED:
        return this.#begin();
      case STATE.GRANTED:
        return this.#send();
      case STATE.LEASE_FAILED:
        return this.#onAttemptFailed(this.#leaseFailure!, true);
    }
  }

  onLeased(upstream: Upstream): void {
    this.#attempt.upstream = upstream;
    this.state = STATE.GRANTED;
    this.#world.tick.add(this);
  }

  onLeaseFailed(code: LeaseFailure): void {
    this.#leaseFailure = code;
    this.state = STATE.LEASE_FAILED;
    this.#world.tick.add(this);
  }

  // Upstream

  onInterim(): void {
    if (this.request.version < 11) return; // HTTP/1.0 knows no interim answers (RFC 9110 §15.2).
    this.downstream.sendHead(this.#responseMessage.layInterim(this.#world, this.response));
  }

  onResponseHead(bodyKind: number, piece: BodyPiece): void {
    const { response } = this;
    if (response.status === 101 && !this.request.upgradeWebsocket) {
      this.#attempt.drop(true);
      return this.answer('RMR_UPSTREAM_BAD_RESPONSE', 'a 101 that was not asked for');
    }
    this.#status = response.status;
    this.#attempt.onAnswered();
    if (response.status === 101) return this.#beginTunnel(piece);
    this.state = STATE.RELAYING;
    this.#framing = downstreamFraming(bodyKind, this.request.version);
    this.#keepDownstream = this.#mayKeepDownstream() && this.#framing !== BODY_UNTIL_CLOSE;
    const taken = this.downstream.sendHead(this.#layResponse(piece));
    if (piece.isLast) this.#complete();
    else if (!taken) this.#attempt.upstream!.pause();
  }

  onResponseBody(piece: BodyPiece): void {
    const taken = this.downstream.sendBody(this.#framing, piece);
    if (piece.isLast) this.#complete();
    else if (!taken) this.#attempt.upstream!.pause();
  }

  onUpstreamFlushed(): void {
    this.downstream.resumeBody();
  }

  onUpstreamEnd(): void {
    this.downstream.endTunnel();
  }

  onUpstreamFailed(code: UpstreamFailure): void {
    const upstream = this.#attempt.upstream;
    this.#attempt.upstream = null;
    if (this.state === STATE.TUNNEL) {
      if (code === 'RMR_UPSTREAM_RESET') this.downstream.abort();
      else this.downstream.finish(false);
      this.#attempt.settle(false);
      return this.#end(this.#status, false);
    }
    if (this.state >= STATE.RELAYING) {
      this.#attempt.settle(true);
      this.downstream.abort(); // Ending it cleanly would pass a part off as the whole.
      return this.#end(this.#status, true);
    }
    // A reused connection that dies before any byte of an answer was most likely closed while idle.
    const stale =
      code !== 'RMR_UPSTREAM_BAD_RESPONSE' &&
      upstream !== null &&
      upstream.uses > 1 &&
      !upstream.hasAnswered &&
      this.response.filled === 0;
    const unsent = this.state === STATE.GRANTED;
    this.#onAttemptFailed(code, unsent || (stale && isIdempotent(this.request.method)));
  }

  #begin(): void {
    const peer = this.rule!.needsPeer ? this.downstream.peer : '';
    this.state = STATE.LEASING;
    switch (this.#attempt.begin(this.request, peer)) {
      case BEGUN.LEASED:
        return this.#send();
      case BEGUN.NO_ENDPOINT:
        return this.answer('RMR_NO_ENDPOINTS', `${this.#attempt.where} has no ready endpoint`);
      case BEGUN.POOL_FULL:
        return this.#onAttemptFailed('RMR_POOL_FULL', true);
    }
  }

  #send(): void {
    const upstream = this.#attempt.upstream!;
    const end = this.#requestMessage.lay(this.#world, this);
    this.state = STATE.SENT;
    // Told to close after a coding we only pass on: servers disagree on what follows it.
    const keep = !this.request.codedChunked;
    const taken = upstream.sendHead(end, this.bodyKind, this.bodyWhole, keep);
    this.#attempt.onSent();
    if (this.#timesOutTry) this.#armTry();
    if (!this.bodyWhole && taken) this.downstream.resumeBody();
  }

  /** A try ends no later than its request. */
  #armTry(): void {
    const { requestTimeoutMs, perTryTimeoutMs } = this.rule!;
    const leftMs = this.startedAtMs + requestTimeoutMs - this.#world.clock.nowMs();
    this.#timesOutTry = requestTimeoutMs === 0 || perTryTimeoutMs < leftMs;
    this.#world.wheel.arm(this.#timer, this.#timesOutTry ? perTryTimeoutMs : leftMs);
  }

  #onAttemptFailed(code: ErrorCode, mayRepeat: boolean): void {
    const { where } = this.#attempt;
    const replayable = this.bodyWhole || this.#nothingPassedOn();
    this.#attempt.settle(true);
    this.response.reset();
    if (mayRepeat && replayable && this.#attempt.mayFollow) {
      this.#world.counts.retries++;
      this.state = STATE.QUEUED;
      return this.#world.tick.add(this);
    }
    this.answer(this.role.failureCode(code), where);
  }

  /** Nothing of the body beyond the slab has been read, so another attempt can send all of it. */
  #nothingPassedOn(): boolean {
    return this.state !== STATE.SENT;
  }

  #layResponse(piece: BodyPiece): number {
    const message = this.#responseMessage;
    const close = !this.#keepDownstream;
    message.prepare(this.request.version, close, this.role.trustsAnswerFields);
    const edits = this.target!.responseEdits;
    return message.lay(this.#world, this.response, edits, this.#framing, piece);
  }

  #beginTunnel(piece: BodyPiece): void {
    this.state = STATE.TUNNEL;
    this.#framing = BODY_UNTIL_CLOSE;
    this.#world.wheel.cancel(this.#timer);
    const taken = this.downstream.sendHead(this.#layResponse(piece));
    const upstream = this.#attempt.upstream!;
    upstream.becomeTunnel();
    this.downstream.becomeTunnel();
    if (!taken) upstream.pause();
  }

  /** The answer is whole: both connections go back, or close where they can't be kept. */
  #complete(): void {
    const failed = isFailure(this.#status);
    this.#attempt.finish(failed);
    this.downstream.finish(this.#keepDownstream);
    this.#end(this.#status, failed);
  }

  #sendLocal(end: number, status: number, keep: boolean): void {
    this.#status = status;
    this.downstream.sendHead(end);
    this.downstream.finish(keep);
    this.#end(status, status >= 500);
  }

  #mayKeepDownstream(): boolean {
    return this.request.keepAlive && this.downstream.requestDone && !this.#world.isDraining();
  }

  #onTimeout(): void {
    if (this.state === STATE.ROUTING) {
      return this.answer('RMR_CONFIG_PENDING', 'the control plane has not answered yet');
    }
    const code =
      this.#timesOutTry && this.state === STATE.SENT
        ? 'RMR_PER_TRY_TIMEOUT'
        : 'RMR_REQUEST_TIMEOUT';
    const relaying = this.state >= STATE.RELAYING;
    this.#attempt.drop(true);
    if (relaying) {
      this.downstream.abort();
      return this.#end(this.#status, true);
    }
    const limitMs =
      code === 'RMR_PER_TRY_TIMEOUT' ? this.rule!.perTryTimeoutMs : this.rule!.requestTimeoutMs;
    this.answer(code, `${this.#attempt.backend?.key} did not answer within ${limitMs} ms`);
  }

  #end(status: number, failed: boolean): void {
    this.#world.counts.inFlight--;
    this.series?.record(status, this.#world.clock.nowMs() - this.startedAtMs, failed);
    this.#release();
  }

  #release(): void {
    this.epoch++;
    this.#world.wheel.cancel(this.#timer);
    this.#mirrors.end();
    this.state = STATE.IDLE;
    this.request.reset();
    this.response.reset();
    this.bodyTrailers = null;
    this.rule = null;
    this.target = null;
    this.series = null;
    this.#attempt.reset();
    this.#status = 0;
    this.#giveBack(this);
  }
}
