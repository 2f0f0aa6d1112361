/**
 * How long to wait before trying again: doubling, capped, and spread by chance.
 *
 * Half of the wait is certain, so that a try never follows at once; half is chance, so that
 * replicas that lost the API server together don't come back together.
 *
 * Pure: chance is handed in. Used by `client.ts`, `watch.ts` and `lease.ts`.
 */

/** From 0 to less than 1. */
export type Chance = () => number;

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** `failures` counts from 1. */
export function backoffMs({ baseMs, maxMs }: Backoff, failures: number, chance: Chance): number {
  const wholeMs = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return wholeMs / 2 + (chance() * wholeMs) / 2;
}
