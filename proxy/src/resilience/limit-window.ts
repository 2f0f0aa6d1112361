/**
 * What one window of answers showed an adaptive limit, and what two of them say together.
 *
 * Pure. Made by `adaptive-limit.ts`, one object a window.
 */
import type { LatencySamples } from './latency-samples.ts';

/** Above the base by this: suspicion. The second pair holds where it is beyond `HIGH_MS`. */
const HIGH_FACTOR = 2;
const HIGH_LONG_FACTOR = 1.25;
const HIGH_MORE_MS = 10;
const HIGH_MS = 125;
/** Within this of the base there is no queue. */
const EASY_FACTOR = 1.2;
const EASY_MORE_MS = 2.5;
/** Over Little's law, for what varies. */
const HEADROOM = 2;

export interface Seen {
  /** The fastest tenth. */
  readonly fastMs: number;
  readonly quartileMs: number;
  readonly meanMs: number;
  /** Of the lower quartile. */
  readonly inFlight: number;
  readonly ratePerMs: number;
  /** The limit made somebody wait. */
  readonly wasBound: boolean;
}

/** `window` has answers. `tookMs`: from its beginning. */
export function lookAt(window: LatencySamples, tookMs: number, wasBound: boolean): Seen {
  return {
    fastMs: window.rttAtMs(0.1),
    quartileMs: window.rttAtMs(0.25),
    meanMs: window.meanMs,
    inFlight: window.inFlightAt(0.25),
    ratePerMs: window.added / Math.max(1, tookMs),
    wasBound,
  };
}

/** Latency above this is a suspicion. */
export function highMs(baseMs: number): number {
  const longMs = Math.max(HIGH_LONG_FACTOR * baseMs + HIGH_MORE_MS, HIGH_MS);
  return Math.min(HIGH_FACTOR * baseMs + HIGH_MORE_MS, longMs);
}

/** Latency up to this shows no queue: there may be more in flight. */
export function easyMs(baseMs: number): number {
  return EASY_FACTOR * baseMs + EASY_MORE_MS;
}

/** Places that the endpoint can use if the queue is taken off: twice Little's law. */
export function usefulPlaces({ fastMs, meanMs, ratePerMs }: Seen, baseMs: number): number {
  const workMs = Math.max(baseMs, meanMs - (fastMs - baseMs));
  return HEADROOM * ratePerMs * workMs;
}

/** How latency followed what was in flight from one window to the other, in logarithms. */
export function elasticity(one: Seen, other: Seen): number {
  return Math.log(one.quartileMs / other.quartileMs) / Math.log(one.inFlight / other.inFlight);
}

/**
 * Latency of one alone, by the line through two windows, and at least its share of `fewer`.
 * Where the answers of `first` or `fewer` varied by themselves, the fastest of `fewer`.
 */
export function aloneMs(first: Seen, more: Seen, fewer: Seen): number {
  const { fastMs, inFlight } = fewer;
  if (inFlight >= more.inFlight || !isSteady(first) || !isSteady(fewer)) return fastMs;
  const eachMs = Math.max(0, (more.fastMs - fastMs) / (more.inFlight - inFlight));
  return Math.max(fastMs / inFlight, fastMs - (inFlight - 1) * eachMs);
}

function isSteady({ meanMs, fastMs }: Seen): boolean {
  return meanMs <= easyMs(fastMs);
}
