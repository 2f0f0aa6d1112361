/**
 * How an attempt ended, as its endpoint is judged by it: one number for balancer and ejection.
 *
 * OK includes 429 and every other 4xx: a caller's fault must not take an endpoint from all. What
 * the client cut short says nothing. A peer's Remora that refused (`x-remora-error`) has spoken for
 * its limit, not for the application: the balancer hears it, ejection never does.
 *
 * Pure constants. Told by `exchange/`, heard by `balance/backend.ts` and `ejection.ts`.
 */
export const OUTCOME = { OK: 0, FAILED: 1, NOTHING_LEARNED: 2, REFUSED_BY_PEER: 3 } as const;
