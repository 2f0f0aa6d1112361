/**
 * A breaker of one backend of one rule: after failures in a row it answers for the backend, so that
 * a caller with something better to do is told at once.
 *
 *   CLOSED --failuresMax in a row--> OPEN --cooldown--> HALF_OPEN --success--> CLOSED
 *                                      ^-------failure-------'
 *
 * Unlike an endpoint's ejection it judges the whole backend. Half open, one request looks each
 * cooldown; a lost one costs that long and no more. What was admitted before the last change is too
 * old to vote: its epoch says so. A request that ends as neither gives its place to the next.
 *
 * Pure. Owned by a rule's target, carried over snapshots by key. Budget: no allocation.
 */
import type { RuleBreakerConfig } from '@remora/api/wire-resilience.ts';
import { isFailed, OUTCOME } from './outcome.ts';

/** `admit` refuses: answer RMR_BREAKER_OPEN, with `retryAfterMs`. */
export const REJECTED = -1;

export const BREAKER = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 } as const;

export class RuleBreaker {
  #config: RuleBreakerConfig;
  #state: number = BREAKER.CLOSED;
  #failures = 0;
  /** The next request that may look; of no meaning while closed. */
  #probeAtMs = 0;
  #epoch = 0;

  constructor(config: RuleBreakerConfig) {
    this.#config = config;
  }

  get state(): number {
    return this.#state;
  }

  /** Other numbers from now on; what it knows stays. */
  apply(config: RuleBreakerConfig): void {
    this.#config = config;
  }

  /** The epoch to report with, or REJECTED. A number, so that admitting allocates nothing. */
  admit(nowMs: number): number {
    if (this.#state === BREAKER.CLOSED) return this.#epoch;
    if (nowMs < this.#probeAtMs) return REJECTED;
    this.#state = BREAKER.HALF_OPEN;
    this.#probeAtMs = nowMs + this.#config.cooldownMs;
    return this.#epoch;
  }

  /** An OUTCOME, once of everything that was admitted. */
  report(epoch: number, outcome: number, nowMs: number): void {
    if (epoch !== this.#epoch) return; // Admitted before the last change: too old to vote.
    if (outcome === OUTCOME.OK) {
      this.#failures = 0;
      if (this.#state !== BREAKER.CLOSED) this.#become(BREAKER.CLOSED);
    } else if (!isFailed(outcome)) {
      if (this.#state === BREAKER.HALF_OPEN) this.#probeAtMs = nowMs;
    } else {
      this.#failures++;
      if (this.#state === BREAKER.CLOSED && this.#failures < this.#config.failuresMax) return;
      this.#become(BREAKER.OPEN);
      this.#probeAtMs = nowMs + this.#config.cooldownMs;
    }
  }

  /** For Retry-After: until the next request may look, at least 1; 0 where one may pass now. */
  retryAfterMs(nowMs: number): number {
    if (this.#state === BREAKER.CLOSED || nowMs >= this.#probeAtMs) return 0;
    return Math.max(1, Math.ceil(this.#probeAtMs - nowMs));
  }

  #become(state: number): void {
    this.#state = state;
    this.#epoch = (this.#epoch + 1) & 0x3fffffff; // Never REJECTED, never boxed.
  }
}
