/**
 * A retry budget: retries may add at most `ratio` to the load of one upstream service.
 *
 * Why not a fixed count per request: in an outage every request fails, so "three tries" means three
 * times the load on the service that is already down. A budget earns from real requests and so
 * stops by itself. Why tokens, not a window of counts: one addition per request, and no cliff where
 * a bucket expires; what was earned fades by half in 7 s, so that an old crowd pays for nothing.
 *
 * The law, of any window (s, t], its requests R and those before it r, W being 10 s:
 *   retries <= minPerSecond (W + t - s) + ratio (R + sum over r of e^(-(s - at) / W))
 *
 * Pure. Owned by one service, shared by all its routes. Spent by `retry.ts` and by hedges, last.
 */
import type { BudgetConfig } from '@remora/api/wire-resilience.ts';
import * as limits from '../limits.ts';

const WINDOW_MS = limits.budgetWindowMs;
/** Between two of these earning is a bare addition: what is earned fades up to 1% too early. */
const SETTLE_MS = 100;

export class RetryBudget {
  #config: BudgetConfig;
  /** By requests; fades. */
  #earned = 0;
  /** By time; up to what a window brings. */
  #reserve: number;
  #settledAtMs: number;

  constructor(config: BudgetConfig, nowMs: number) {
    this.#config = config;
    this.#reserve = reserveMax(config);
    this.#settledAtMs = nowMs;
  }

  /** Other numbers from now on; what was earned stays. */
  apply(config: BudgetConfig, nowMs: number): void {
    this.#settle(nowMs);
    this.#config = config;
    this.#reserve = Math.min(this.#reserve, reserveMax(config));
  }

  /** Of every request once, however often it is tried. */
  onRequest(nowMs: number): void {
    if (nowMs - this.#settledAtMs >= SETTLE_MS) this.#settle(nowMs);
    this.#earned += this.#config.ratio;
  }

  /** Whether another attempt is paid for. Asked last, because asking spends. */
  trySpend(nowMs: number): boolean {
    this.#settle(nowMs);
    if (this.#earned + this.#reserve < 1) return false;
    const fromEarned = Math.min(1, this.#earned); // First what would fade.
    this.#earned -= fromEarned;
    this.#reserve -= 1 - fromEarned;
    return true;
  }

  /** For people: whole retries that are paid for now. */
  left(nowMs: number): number {
    this.#settle(nowMs);
    return Math.floor(this.#earned + this.#reserve);
  }

  #settle(nowMs: number): void {
    const passedMs = nowMs - this.#settledAtMs;
    // A clock that went back brings nothing until it has caught up: no time is paid for twice.
    if (passedMs <= 0) return;
    this.#settledAtMs = nowMs;
    this.#earned *= Math.exp(-passedMs / WINDOW_MS);
    const brought = (this.#config.minPerSecond * passedMs) / 1_000;
    this.#reserve = Math.min(reserveMax(this.#config), this.#reserve + brought);
  }
}

function reserveMax(config: BudgetConfig): number {
  return (config.minPerSecond * WINDOW_MS) / 1_000;
}
