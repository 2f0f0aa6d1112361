/**
 * How many requests an endpoint may have in flight while nothing is known of it, and after its
 * first answers.
 *
 * The first answers set the base latency, so a stall that they all waited behind passes for the
 * server's own time. A queue behind it shows in their order: each is slower than the one before.
 *
 * Pure. Asked by `adaptive-limit.ts`; the figures are held by `simulation.test.ts`.
 */
import type { LatencySamples } from './latency-samples.ts';
import type { Seen } from './limit-window.ts';

export const LIMIT_FIRST = 8;
/** Where the first answers show a queue: of one worker four then wait. */
const LIMIT_QUEUE = 5;
/** The mean over the fastest, where some waited and some did not. */
const QUEUE_FACTOR = 1.5;
/** Of five answers, one pair may be in the wrong order. By chance that is so one time in 24. */
const RISING = 0.9;
const RISING_FACTOR = 1.1;
/** A cold process may take a second to answer at all, which is no queue: 100 a second fit in. */
const LIMIT_COLD_MAX = 64;
const COLD_MS_PER_PLACE = 10;

/** Before there is any answer. `waitedMs`: since somebody first had to wait for one. */
export function coldPlaces(waitedMs: number): number {
  return Math.min(LIMIT_FIRST + waitedMs / COLD_MS_PER_PLACE, LIMIT_COLD_MAX);
}

/** Whether answers were the slower the later they came, as behind one another. */
export function isRising(window: LatencySamples, { fastMs, meanMs }: Seen): boolean {
  return meanMs > RISING_FACTOR * fastMs && window.rising() >= RISING;
}

/** After the first answers. */
export function firstPlaces({ fastMs, meanMs }: Seen, rises: boolean): number {
  const isQueue = rises || meanMs > QUEUE_FACTOR * fastMs;
  return Math.max(isQueue ? LIMIT_QUEUE : LIMIT_FIRST, fastMs / COLD_MS_PER_PLACE);
}
