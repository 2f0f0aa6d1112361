/**
 * How long a connection to one endpoint may lie idle and still be reused: learned from its closes.
 *
 * A server that drops idle connections without notice fails the request that comes at that moment,
 * and a request that is not idempotent can't be sent again. So: 80% of the second shortest of the
 * last closes (one alone may be an accident), 3 s until two were seen or `Keep-Alive` said more.
 * What closes together with over half of the idle ones is a restart and teaches nothing, unless
 * all were idle equally long: then it is their time-out, seen once.
 *
 * Every quiet minute in which a connection lived to the limit doubles it; only what may be resent
 * goes that far at first. Pure. One per `net/pool.ts`. Budget: no allocation after construction.
 */
import * as limits from '../limits.ts';

/** What is left for the way there and for a server's coarse timers. */
const MARGIN = 0.8;
/** Ages that differ by less are one time-out on a busy machine; those of a restart are any. */
const ALIKE_MS = 5;
const ALIKE_RATIO = 1.5;
const NEVER = Number.NEGATIVE_INFINITY;

export class IdleReuse {
  /** Ages of the last lone closes, a ring. */
  readonly #ages = new Float64Array(limits.idleClosesKept);
  #seen = 0;
  /** Held for as long as was asked so far: for every request. */
  #trustedMs: number = limits.idleReuseFirstMs;
  /** On trial, for what may be resent; equal to the trusted one but after a quiet minute. */
  #exploredMs: number = limits.idleReuseFirstMs;
  #announcedMs = Number.POSITIVE_INFINITY;
  /** Least age at which a reused connection died within the trusted limit. */
  #diedAtMs = Number.POSITIVE_INFINITY;
  #quietSinceMs: number;
  #hasSurvivor = false;

  // Closes of the last moments, until it is known whether they are lone.
  readonly #pending = new Float64Array(limits.idleClosesKept);
  #pendingCount = 0;
  #pendingShortestMs = 0;
  #pendingIdle = 0;
  #pendingUntilMs = NEVER;

  #resendsLeft = 0;
  #resendsUntilMs = NEVER;

  constructor(nowMs: number) {
    this.#quietSinceMs = nowMs;
  }

  /** From this age on a connection is not reused. Others than idempotent requests take no risk. */
  limitMs(isIdempotent: boolean, nowMs: number): number {
    if (this.#pendingCount > 0 && nowMs >= this.#pendingUntilMs) this.#judgePending();
    const learnedMs = isIdempotent ? this.#exploredMs : this.#safeMs();
    return Math.min(learnedMs, this.#announcedMs, limits.upstreamIdleTimeoutMs);
  }

  /** Nothing after a death that the limit did not prevent; until learned, the shortest close. */
  #safeMs(): number {
    if (this.#diedAtMs < this.#trustedMs) return 0;
    if (this.#seen >= 2) return this.#trustedMs;
    let shortestMs = this.#seen === 1 ? this.#ages[0]! : Number.POSITIVE_INFINITY;
    if (this.#pendingCount > 0) shortestMs = Math.min(shortestMs, this.#pendingShortestMs);
    return Math.min(this.#trustedMs, shortestMs * MARGIN);
  }

  /** The server closed an idle connection of this age; so many were idle, it included. */
  onIdleClose(ageMs: number, idle: number, nowMs: number): void {
    this.#exploredMs = this.#trustedMs;
    this.#quietSinceMs = nowMs;
    this.#hasSurvivor = false;
    if (nowMs >= this.#pendingUntilMs) {
      this.#judgePending();
      this.#pendingShortestMs = ageMs;
      this.#pendingIdle = idle;
      this.#pendingUntilMs = nowMs + limits.restartMs;
    }
    this.#pendingShortestMs = Math.min(this.#pendingShortestMs, ageMs);
    this.#pending[this.#pendingCount++ % limits.idleClosesKept] = ageMs;
  }

  /** A connection reused at this age died before any answer; so many were idle, it included. */
  onStaleClose(ageMs: number, idle: number, nowMs: number): void {
    this.#diedAtMs = Math.min(this.#diedAtMs, ageMs);
    if (nowMs >= this.#resendsUntilMs) {
      this.#resendsUntilMs = nowMs + limits.staleResendsMs;
      this.#resendsLeft = idle;
    }
    this.onIdleClose(ageMs, idle, nowMs);
  }

  /** Whether a resend after such a death is one of those that need no budget. Asking takes one. */
  takesResend(nowMs: number): boolean {
    if (nowMs >= this.#resendsUntilMs || this.#resendsLeft === 0) return false;
    this.#resendsLeft--;
    return true;
  }

  /** We closed a connection of this age, which the server had still kept. */
  onSurvived(ageMs: number, nowMs: number): void {
    if (ageMs >= this.#exploredMs) this.#hasSurvivor = true;
    if (!this.#hasSurvivor || nowMs - this.#quietSinceMs < limits.idleReuseQuietMs) return;
    this.#forgetRefuted(this.#exploredMs);
    // That they lived so long says that they live so long, not a moment more.
    this.#trustedMs = Math.max(this.#trustedMs, this.#exploredMs * MARGIN);
    this.#exploredMs = Math.min(2 * this.#exploredMs, limits.upstreamIdleTimeoutMs);
    this.#quietSinceMs = nowMs;
    this.#hasSurvivor = false;
    this.#diedAtMs = Number.POSITIVE_INFINITY;
  }

  /** `Keep-Alive: timeout`, as every answer repeats it. */
  onAnnounced(timeoutMs: number): void {
    const announcedMs = timeoutMs * MARGIN;
    if (announcedMs === this.#announcedMs) return;
    this.#announcedMs = announcedMs;
    if (this.#seen >= 2) return; // What was seen counts more than what is said.
    this.#trustedMs = Math.min(announcedMs, limits.upstreamIdleTimeoutMs);
    this.#exploredMs = this.#trustedMs;
  }

  #judgePending(): void {
    const count = Math.min(this.#pendingCount, limits.idleClosesKept);
    const isTogether = this.#pendingCount > 1 && 2 * this.#pendingCount > this.#pendingIdle;
    this.#pendingCount = 0;
    if (count === 0) return;
    if (!isTogether) {
      for (let at = 0; at < count; at++) this.#keep(this.#pending[at]!);
    } else {
      const least = this.#pendingShortestMs;
      let greatest = 0;
      for (let at = 0; at < count; at++) greatest = Math.max(greatest, this.#pending[at]!);
      if (greatest > Math.max(least + ALIKE_MS, least * ALIKE_RATIO)) return;
      this.#keep(least);
    }
    this.#learn();
  }

  #keep(ageMs: number): void {
    this.#ages[this.#seen++ % limits.idleClosesKept] = ageMs;
  }

  #learn(): void {
    if (this.#seen < 2) return;
    const count = Math.min(this.#seen, limits.idleClosesKept);
    let shortest = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let at = 0; at < count; at++) {
      const ageMs = this.#ages[at]!;
      if (ageMs < shortest) {
        second = shortest;
        shortest = ageMs;
      } else if (ageMs < second) second = ageMs;
    }
    this.#trustedMs = Math.max(limits.idleReuseFloorMs, second * MARGIN);
    this.#exploredMs = this.#trustedMs;
  }

  /** Connections have outlived these: the server is another one by now. */
  #forgetRefuted(outlivedMs: number): void {
    const count = Math.min(this.#seen, limits.idleClosesKept);
    this.#seen = 0;
    for (let at = 0; at < count; at++) {
      const ageMs = this.#ages[at]!;
      if (ageMs >= outlivedMs) this.#keep(ageMs);
    }
  }
}
