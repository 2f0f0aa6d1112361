/**
 * What ejection remembers of one endpoint: its breaker.
 *
 *   closed ──failures, ratio, latency──▶ open ──penalty over, a request comes──▶ half-open
 *      ▲                                  ▲                                          │
 *      └────── the probe succeeded ───────┼── failed: twice the penalty ─────────────┤
 *                                         └── told nothing, or was given up: again ──┘
 *
 * Every arrow bumps the epoch, so that a request admitted before it has no vote after it.
 *
 * Pure data, embedded in an endpoint and written by `ejection.ts` alone.
 */
import type { SlidingWindow } from './sliding-window.ts';

export const BREAKER = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 } as const;

/** Why a breaker opened last. */
export const EJECTED_FOR = { NOTHING: 0, IN_ROW: 1, SUCCESS_RATIO: 2, LATENCY: 3 } as const;

/** What ejection judges: an endpoint. */
export interface Judged {
  readonly health: EndpointHealth;
  /** Readmitted: what was measured before says nothing, and its share grows as a new one's does. */
  becomeNew(nowMs: number): void;
  /** It is not to be picked from now on, or may be again. */
  onOut(isOut: boolean): void;
}

export class EndpointHealth {
  state: number = BREAKER.CLOSED;
  epoch = 0;
  /** Not to be picked until then: without end unless closed; the past where it may be picked. */
  outUntilMs = 0;
  /** Open: when its probe is due. Half-open: when its probe is given up. Held back: the end. */
  dueAtMs = 0;
  failuresInRow = 0;
  /** How often its penalty was doubled. */
  doublings = 0;
  closedSinceMs: number = Number.NEGATIVE_INFINITY;
  ejectedFor: number = EJECTED_FOR.NOTHING;
  /** Whether it is one of those that are judged: a removed endpoint's late answers are not. */
  isMember = false;
  /** Made by the first answer that is judged. */
  window: SlidingWindow | null = null;

  /** Kept from being picked by a Retry-After, not by its breaker. */
  get isHeldBack(): boolean {
    return this.state === BREAKER.CLOSED && this.outUntilMs > 0;
  }

  isProbeDue(nowMs: number): boolean {
    return this.state === BREAKER.OPEN && nowMs >= this.dueAtMs;
  }

  close(nowMs: number): void {
    this.state = BREAKER.CLOSED;
    this.epoch++;
    this.outUntilMs = 0;
    this.closedSinceMs = nowMs;
    this.failuresInRow = 0;
    this.window?.clear();
  }
}
