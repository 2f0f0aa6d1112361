/**
 * Which endpoints of a backend are left out, for how long, and which request finds out more.
 *
 * One breaker per endpoint, under one cap: never more out than `ejectedRatioMax`, never the last
 * one, since ejecting all is refusing all. A probe is a real request: a health check of our own was
 * refused, as it tests another path. A penalty is drawn from its upper half, so that a hundred
 * proxies do not probe at once; what was doubled is forgotten after `penaltyMaxMs` in service.
 * With fewer left than `panicRatio`, those out are picked like the rest until there are more.
 *
 * Pure: time is an argument, chance is handed in. Budget: no allocation per request. Owned by
 * `balance/backend.ts`. States: `endpoint-health.ts`; the model: `ejection.test.ts`.
 */
import type { EjectionConfig } from '@remora/api/wire-resilience.ts';
import type { Chance } from '../clock.ts';
import * as limits from '../limits.ts';
import { BREAKER, EJECTED_FOR, type Judged } from './endpoint-health.ts';
import { LatencyOutlier } from './latency-outlier.ts';
import { isFailed, OUTCOME } from './outcome.ts';
import { SlidingWindow } from './sliding-window.ts';

/** The epoch of a request whose outcome is not asked for: it went to an ejected endpoint. */
export const NO_VOTE = -1;

/** Looks at the latencies of all in one window. */
const LATENCY_LOOKS = 10;
/** Beyond, any penalty is at its maximum; 2 to this power is still a number. */
const DOUBLINGS_MAX = 30;

export class Ejection<Member extends Judged> {
  /** Since the start, for metrics. `spared`: judged bad, but the cap was reached. */
  readonly counts = { ejections: 0, spared: 0, probes: 0, readmissions: 0, panicPicks: 0 };
  readonly #chance: Chance;
  readonly #outliers = new LatencyOutlier<Member>();
  #policy: EjectionConfig;
  #members: readonly Member[] = [];
  /** Ejected or held back. */
  readonly #out: Member[] = [];
  #outMax = 0;
  /** Earliest end of a hold or of a probe's patience: time changes nothing before. */
  #nextAtMs = Number.POSITIVE_INFINITY;
  /** Earliest instant at which a probe is due. */
  #probeAtMs = Number.POSITIVE_INFINITY;
  #looksAtMs = 0;

  constructor(policy: EjectionConfig, chance: Chance) {
    this.#policy = policy;
    this.#chance = chance;
  }

  get out(): readonly Member[] {
    return this.#out;
  }

  /** Whether so few are left that ejection is ignored. */
  get inPanic(): boolean {
    const size = this.#members.length;
    return size - this.#out.length < this.#policy.panicRatio * size;
  }

  /** Those who may be picked. Who left is forgotten; a lower cap lets the next ones back in. */
  apply(policy: EjectionConfig, members: readonly Member[], nowMs: number): void {
    const isNewWindow = policy.windowMs !== this.#policy.windowMs;
    this.#policy = policy;
    for (const member of this.#members) member.health.isMember = false;
    for (const member of members) {
      member.health.isMember = true;
      if (isNewWindow) member.health.window = null;
    }
    this.#members = members;
    // Less a rounding error: 0.29 of 100 are 29.
    const allowed = Math.floor(policy.ejectedRatioMax * members.length + 1e-9);
    this.#outMax = Math.max(0, Math.min(allowed, members.length - 1));
    for (const member of this.#out.slice()) {
      if (!member.health.isMember) this.#letIn(member, nowMs);
    }
    while (this.#out.length > this.#outMax) this.#readmit(this.#nextDue(), nowMs);
    this.#settle(nowMs);
  }

  /** Takes notice of the time; to be called before `out`, `inPanic` and `probeIsDue` are asked. */
  catchUp(nowMs: number): void {
    if (nowMs >= this.#nextAtMs) this.#settle(nowMs);
  }

  /** Whether some ejected endpoint waits for its probe. */
  probeIsDue(nowMs: number): boolean {
    return nowMs >= this.#probeAtMs;
  }

  /** A request goes to this member: the epoch to report with. The first after a penalty probes. */
  admit(member: Member, nowMs: number): number {
    const { health } = member;
    if (health.state === BREAKER.CLOSED) return health.epoch;
    this.catchUp(nowMs);
    if (!health.isProbeDue(nowMs)) return NO_VOTE;
    health.state = BREAKER.HALF_OPEN;
    health.dueAtMs = nowMs + limits.ejectionProbeMsMax;
    this.counts.probes++;
    this.#settle(nowMs);
    return ++health.epoch;
  }

  /** How it ended. `rttMs` until the answer's head; negative: not measured. */
  report(member: Member, epoch: number, outcome: number, rttMs: number, nowMs: number): void {
    const { health } = member;
    // Admitted before the last change of state, or to who has left: too old to vote.
    if (epoch !== health.epoch || !health.isMember) return;
    if (health.state === BREAKER.HALF_OPEN) return this.#judgeProbe(member, outcome, nowMs);
    const failed = isFailed(outcome);
    if (outcome !== OUTCOME.OK && !failed) return;
    if (this.#outMax === 0) return; // Nobody can be ejected: nothing is worth remembering.
    health.failuresInRow = failed ? health.failuresInRow + 1 : 0;
    health.window ??= new SlidingWindow(this.#policy.windowMs);
    health.window.add(failed, rttMs, nowMs);
    if (failed) this.#judgeFailures(member, nowMs);
    else if (nowMs >= this.#looksAtMs) this.#judgeLatencies(nowMs);
  }

  /** The head of a probe's answer is verdict enough: its body may stream for hours. */
  reportHead(member: Member, epoch: number, outcome: number, nowMs: number): void {
    const { health } = member;
    if (health.state !== BREAKER.HALF_OPEN || epoch !== health.epoch) return;
    this.#judgeProbe(member, outcome, nowMs);
  }

  /** A Retry-After: not to be picked for so long, where the cap has room. Not a penalty. */
  holdBack(member: Member, forMs: number, nowMs: number): void {
    const { health } = member;
    if (!health.isMember || health.state !== BREAKER.CLOSED || forMs <= 0) return;
    if (!health.isHeldBack) {
      if (!this.#hasRoom(nowMs)) return;
      this.#out.push(member);
    }
    const untilMs = nowMs + Math.min(forMs, limits.retryAfterMsMax);
    health.outUntilMs = Math.max(health.outUntilMs, untilMs);
    member.onOut(true);
    health.dueAtMs = health.outUntilMs;
    this.#settle(nowMs);
  }

  #judgeFailures(member: Member, nowMs: number): void {
    const { failuresMax, successRatioMin, requestsMin } = this.#policy;
    const window = member.health.window!;
    if (failuresMax > 0 && member.health.failuresInRow >= failuresMax) {
      this.#eject(member, EJECTED_FOR.IN_ROW, nowMs);
    } else if (window.requests >= requestsMin && window.successRatio < successRatioMin) {
      this.#eject(member, EJECTED_FOR.SUCCESS_RATIO, nowMs);
    }
  }

  #judgeLatencies(nowMs: number): void {
    const { latencyFactorMax, requestsMin, windowMs } = this.#policy;
    if (latencyFactorMax === 0) return;
    this.#looksAtMs = nowMs + windowMs / LATENCY_LOOKS;
    const slow = this.#outliers.find(this.#members, latencyFactorMax, requestsMin, nowMs);
    if (slow !== null) this.#eject(slow, EJECTED_FOR.LATENCY, nowMs);
  }

  #judgeProbe(member: Member, outcome: number, nowMs: number): void {
    if (outcome === OUTCOME.OK) {
      this.#readmit(member, nowMs);
      return this.#settle(nowMs);
    }
    if (isFailed(outcome)) {
      member.health.doublings++;
      return this.#open(member, this.#penaltyMs(member.health.doublings), nowMs);
    }
    // It told nothing: the next one comes after the first penalty, so that refusals do not flood.
    this.#open(member, this.#penaltyMs(0), nowMs);
  }

  #eject(member: Member, reason: number, nowMs: number): void {
    const { health } = member;
    if (!health.isHeldBack) {
      if (!this.#hasRoom(nowMs)) {
        this.counts.spared++;
        return;
      }
      this.#out.push(member);
    }
    const isRelapse = nowMs - health.closedSinceMs < this.#policy.penaltyMaxMs;
    health.doublings = isRelapse ? health.doublings + 1 : 0;
    health.ejectedFor = reason;
    this.counts.ejections++;
    this.#open(member, this.#penaltyMs(health.doublings), nowMs);
  }

  #open(member: Member, forMs: number, nowMs: number): void {
    const { health } = member;
    health.state = BREAKER.OPEN;
    health.epoch++;
    health.outUntilMs = Number.POSITIVE_INFINITY;
    health.dueAtMs = nowMs + forMs;
    member.onOut(true);
    this.#settle(nowMs);
  }

  #readmit(member: Member, nowMs: number): void {
    const wasEjected = member.health.state !== BREAKER.CLOSED;
    this.#letIn(member, nowMs);
    if (!wasEjected) return;
    this.counts.readmissions++;
    member.becomeNew(nowMs);
  }

  #letIn(member: Member, nowMs: number): void {
    this.#out.splice(this.#out.indexOf(member), 1);
    if (member.health.isHeldBack) member.health.outUntilMs = 0;
    else member.health.close(nowMs);
    member.onOut(false);
  }

  #penaltyMs(doublings: number): number {
    const { penaltyMs, penaltyMaxMs } = this.#policy;
    const wholeMs = Math.min(penaltyMaxMs, penaltyMs * 2 ** Math.min(doublings, DOUBLINGS_MAX));
    return wholeMs * (1 - this.#chance() / 2);
  }

  /** Whether one more may be out; a hold that is over makes room. */
  #hasRoom(nowMs: number): boolean {
    this.catchUp(nowMs);
    return this.#out.length < this.#outMax;
  }

  #nextDue(): Member {
    return this.#out.reduce((one, other) =>
      other.health.dueAtMs < one.health.dueAtMs ? other : one,
    );
  }

  /** Ends holds that are over, gives up probes that never reported, and looks for what is next. */
  #settle(nowMs: number): void {
    this.#nextAtMs = Number.POSITIVE_INFINITY;
    this.#probeAtMs = Number.POSITIVE_INFINITY;
    // Backwards, since holds that are over leave the list.
    for (let at = this.#out.length - 1; at >= 0; at--) {
      const member = this.#out[at]!;
      const { health } = member;
      if (health.state === BREAKER.HALF_OPEN && nowMs >= health.dueAtMs) {
        health.state = BREAKER.OPEN;
        health.epoch++;
      }
      if (health.state === BREAKER.OPEN) {
        this.#probeAtMs = Math.min(this.#probeAtMs, health.dueAtMs);
      } else if (nowMs < health.dueAtMs) {
        this.#nextAtMs = Math.min(this.#nextAtMs, health.dueAtMs);
      } else {
        health.outUntilMs = 0;
        this.#out.splice(at, 1);
        member.onOut(false);
      }
    }
  }
}
