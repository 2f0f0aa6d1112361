/**
 * How an attempt ended, in one word for all who judge by it: balancer, ejection, admission and
 * breakers. `classify.ts` finds it.
 *
 * OK includes 429 and every other 4xx: a caller's fault must not take an endpoint from all. What
 * the client cut short says nothing. A peer's Remora that refused (`x-remora-error`) has spoken for
 * its limit, not for the application: balancer and admission hear it, ejection never does.
 *
 * Pure. Told by `exchange/attempt.ts`.
 */
export const OUTCOME = {
  OK: 0,
  /** It answered, badly: 500, 502 to 504, garbage, or less than the whole. */
  FAILED: 1,
  /** No answer in time, or no connection to ask over. */
  MISSED: 2,
  NOTHING_LEARNED: 3,
  REFUSED_BY_PEER: 4,
} as const;

export function isFailed(outcome: number): boolean {
  return outcome === OUTCOME.FAILED || outcome === OUTCOME.MISSED;
}
