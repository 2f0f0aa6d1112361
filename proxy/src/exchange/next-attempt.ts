/**
 * Whether a failed attempt is followed by another, and after how long a wait.
 *
 * Gathers what `resilience/retry.ts` asks about and counts its verdict. A first attempt whose
 * request was not sent, or met a dead connection, goes to the next endpoint at once; else it waits
 * as `backoff.ts` says. The probe of an open breaker is never repeated.
 *
 * Embedded in its exchange. Budget: no allocation.
 */
import type { ErrorCode } from '@remora/api/errors.ts';
import type { RetryConfig } from '@remora/api/wire-resilience.ts';
import type { Backend } from '../balance/backend.ts';
import { backoffMs, NO_RETRY_AFTER, waitMs } from '../resilience/backoff.ts';
import { leftMs } from '../resilience/deadline.ts';
import { decideRetry, FailedAttempt, isRetry, RETRY } from '../resilience/retry.ts';
import type { ExchangeWorld } from './exchange-world.ts';

/** No attempt follows. */
export const NO_MORE = -1;

export class NextAttempt {
  /** Begun so far. */
  attempts = 0;
  /** Why the last one that was asked about is followed by another, or is not: a RETRY. */
  reason: number = RETRY.FINAL;
  readonly #world: ExchangeWorld;
  readonly #failed = new FailedAttempt();
  #staleResends = 0;

  constructor(world: ExchangeWorld) {
    this.#world = world;
  }

  /** How the attempt ended; set before `wait` is asked. */
  get failed(): FailedAttempt {
    return this.#failed;
  }

  /** Whether it ended by a pooled connection that was dead before the request was on it. */
  get metDeadConnection(): boolean {
    const { isStale, isUnsent, code } = this.#failed;
    return isStale || (isUnsent && code !== 'RMR_POOL_FULL' && !isConnectFailure(code));
  }

  reset(): void {
    this.attempts = 0;
    this.#staleResends = 0;
  }

  /** Milliseconds until the next attempt, 0: at once; or NO_MORE. Asking spends of the budget. */
  wait(
    config: RetryConfig,
    backend: Backend,
    deadlineAtMs: number,
    retryAfterMs = NO_RETRY_AFTER,
  ): number {
    const { clock, chance } = this.#world;
    const failed = this.#failed;
    const nowMs = clock.nowMs();
    failed.attempts = this.attempts;
    failed.staleResends = this.#staleResends;
    failed.nowMs = nowMs;
    failed.leftMs = leftMs(deadlineAtMs, nowMs);
    const retries = this.attempts - 1;
    const isAtOnce = retryAfterMs === NO_RETRY_AFTER && isQuick(failed, retries);
    failed.waitMs = isAtOnce ? 0 : waitMs(backoffMs(retries, config, chance), retryAfterMs);
    const reason = decideRetry(failed, config, backend.budget);
    this.reason = reason;
    this.#world.onRetryDecided(reason);
    if (!isRetry(reason)) return NO_MORE;
    if (reason === RETRY.STALE) this.#staleResends++;
    return failed.waitMs;
  }
}

function isQuick({ isUnsent, isStale, code }: FailedAttempt, retries: number): boolean {
  return isStale || (retries === 0 && (isUnsent || isConnectFailure(code)));
}

function isConnectFailure(code: ErrorCode | null): boolean {
  return code === 'RMR_CONNECT_REFUSED' || code === 'RMR_CONNECT_TIMEOUT';
}
