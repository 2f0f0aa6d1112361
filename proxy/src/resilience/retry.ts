/**
 * May this attempt be followed by another, and why or why not?
 *
 * What was provably not sent may always be sent elsewhere. Once bytes were written, only a request
 * that may be executed twice: a wider default has paid people twice. An answer is tried again only
 * where its status is configured. Never once a part of an answer went down. What a peer's proxy
 * refused (`x-remora-error`) was not sent, if its code says `elsewhere` or `always`; `unsent` is no
 * proof there, since the peer may say it of a request that its application has seen.
 *
 * Pure. Called by `exchange/` in one place. Budget: no allocation.
 */
import { ERRORS, type ErrorCode } from '@remora/api/errors.ts';
import type { RetryConfig } from '@remora/api/wire-resilience.ts';
import * as limits from '../limits.ts';
import type { RetryBudget } from './retry-budget.ts';

/** Why there is another attempt (below FINAL), or why not. */
export const RETRY = {
  /** Nothing was sent. */
  UNSENT: 0,
  /** A reused connection was dead. */
  STALE: 1,
  /** The connection failed after bytes were written. */
  FAILED: 2,
  /** The time for one try is over. */
  TIMED_OUT: 3,
  /** The status is configured for it. */
  STATUS: 4,
  /** Not a failure that is ever tried again. */
  FINAL: 5,
  /** A byte of a final head, or a 101, went down. */
  ANSWERED: 6,
  /** All attempts that the configuration allows were made. */
  USED_UP: 7,
  /** Bytes were written, and executing the request twice may do harm. */
  NOT_REPEATABLE: 8,
  /** A part of the body is gone. */
  BODY: 9,
  /** The caller's time ends before the wait does. */
  DEADLINE: 10,
  /** Retries would add too much load. */
  BUDGET: 11,
} as const;

/** The words of RETRY, in its order: values of a metric label. */
export const RETRY_WORDS: readonly string[] = Object.keys(RETRY).map((word) => word.toLowerCase());

/** Resends that an endpoint's idle connections are good for beyond the budget. Asking takes one. */
export interface ResendAllowance {
  takesResend(): boolean;
}

/** How an attempt ended. One object an exchange, reused: set all of it before each question. */
export class FailedAttempt {
  /** Ours, or `peerError` of a peer's answer; null: the application answered, with `status`. */
  code: ErrorCode | null = null;
  status = 0;
  /** It went to an endpoint to find out about it, which answered badly. */
  isTrial = false;
  /** We wrote no byte: it died in the pool. Connect failures and refusals are so by their code. */
  isUnsent = false;
  /** A reused connection died before any byte of an answer. */
  isStale = false;
  /** Of the endpoint whose connection was dead; null: none. */
  allowance: ResendAllowance | null = null;
  /** An idempotent method, or an Idempotency-Key. */
  mayRepeat = false;
  /** A byte of a final head, or a 101, went down. */
  hasAnswered = false;
  /** The body is whole in the replay buffer, or none of it was read. */
  isReplayable = false;
  /** Begun so far, this one included. */
  attempts = 1;
  /** Of these, how many were begun for RETRY.STALE. */
  staleResends = 0;
  /** Until the deadline; Infinity: there is none. */
  leftMs: number = Number.POSITIVE_INFINITY;
  /** By `backoff.ts`; 0 for a stale connection. */
  waitMs = 0;
  nowMs = 0;
}

export function isRetry(reason: number): boolean {
  return reason < RETRY.FINAL;
}

/** A RETRY. The budget is asked last, because asking spends. */
export function decideRetry(
  failed: FailedAttempt,
  config: RetryConfig,
  budget: RetryBudget,
): number {
  const reason = reasonOf(failed, config);
  if (reason === RETRY.FINAL) return RETRY.FINAL;
  if (failed.hasAnswered) return RETRY.ANSWERED;
  if (!hasAttemptLeft(failed, config, reason)) return RETRY.USED_UP;
  if (reason !== RETRY.UNSENT && !failed.mayRepeat) return RETRY.NOT_REPEATABLE;
  if (!failed.isReplayable) return RETRY.BODY;
  // Not `waitMs >= leftMs`: neither may be endless for the other to be in time.
  if (!(failed.waitMs < failed.leftMs)) return RETRY.DEADLINE;
  if (budget.trySpend(failed.nowMs)) return reason;
  return reason === RETRY.STALE && failed.allowance?.takesResend() === true ? reason : RETRY.BUDGET;
}

/** Why it would be tried again, were nothing in the way. */
function reasonOf(failed: FailedAttempt, config: RetryConfig): number {
  const { code } = failed;
  if (code === null) {
    const isRetried = failed.isTrial || config.statuses.includes(failed.status);
    return isRetried ? RETRY.STATUS : RETRY.FINAL;
  }
  // To callers this code says never; here it is what the time for one try is for.
  if (code === 'RMR_PER_TRY_TIMEOUT') return RETRY.TIMED_OUT;
  const { retry } = ERRORS[code];
  if (retry === 'never') {
    // Garbage is final, but not for a request that we sent there to find out.
    const isTrial = failed.isTrial && code === 'RMR_UPSTREAM_BAD_RESPONSE';
    return isTrial ? RETRY.FAILED : RETRY.FINAL;
  }
  if (failed.isUnsent || retry !== 'unsent') return RETRY.UNSENT;
  return failed.isStale ? RETRY.STALE : RETRY.FAILED;
}

/** One resend for a dead idle connection uses up no retry: it says nothing about the service. */
function hasAttemptLeft(failed: FailedAttempt, config: RetryConfig, reason: number): boolean {
  if (config.retriesMax === 0) return false;
  const uncounted = Math.min(failed.staleResends, limits.staleResendsMax);
  if (failed.attempts - 1 - uncounted < config.retriesMax) return true;
  return reason === RETRY.STALE && failed.staleResends < limits.staleResendsMax;
}
