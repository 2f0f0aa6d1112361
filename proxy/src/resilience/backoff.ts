/**
 * How long to wait before another attempt.
 *
 * Full jitter: anywhere from 0 to a bound that doubles, so that requests which failed together do
 * not come back together. A 503's Retry-After is a floor with the jitter on top, where no other
 * endpoint is free. One that asks for longer than a request can be held is not cut short, which
 * would disobey it, but not retried.
 *
 * Pure: chance is handed in. Called by the exchange before `retry.ts`, which compares the wait with
 * the time that is left. Budget: no allocation.
 */
import type { RetryConfig } from '@remora/api/wire-resilience.ts';
import type { Chance } from '../clock.ts';
import { type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { ascii } from '../http1/octets.ts';
import * as limits from '../limits.ts';

/** Nothing was asked for. */
export const NO_RETRY_AFTER = -1;
/** A wait that no request has time for. */
export const TOO_LONG: number = Number.POSITIVE_INFINITY;

const DOUBLINGS_MAX = 16;
/** Enough for the bound; more of them are beyond it, whatever they say. */
const DIGITS_MAX = 9;
const NAME = ascii('retry-after');

/** `retries`: how many there were before this one. */
export function backoffMs(retries: number, config: RetryConfig, chance: Chance): number {
  const doubled = config.backoffBaseMs * 2 ** Math.min(retries, DOUBLINGS_MAX);
  return chance() * Math.min(doubled, config.backoffMaxMs);
}

/** What to wait, given what an answer asked for: `retryAfterMs`, or NO_RETRY_AFTER. */
export function waitMs(jitterMs: number, askedMs: number): number {
  if (askedMs === NO_RETRY_AFTER) return jitterMs;
  return askedMs > limits.retryAfterMsMax ? TOO_LONG : askedMs + jitterMs;
}

/**
 * What a 503 asks for, else NO_RETRY_AFTER. Only seconds (RFC 9110 §10.2.3): a date needs both
 * clocks to agree, and nobody means a second with it.
 */
export function retryAfterMs(head: Head): number {
  if (head.status !== 503) return NO_RETRY_AFTER;
  const field = head.find(NAME);
  if (field === -1) return NO_RETRY_AFTER;
  const from = head.spans[field * 4 + VALUE_START]!;
  const to = head.spans[field * 4 + VALUE_END]!;
  if (to === from) return NO_RETRY_AFTER;
  let seconds = 0;
  for (let at = from; at < to; at++) {
    const digit = head.slab[at]! - 0x30;
    if (digit < 0 || digit > 9) return NO_RETRY_AFTER;
    seconds = seconds * 10 + digit;
  }
  return to - from > DIGITS_MAX ? TOO_LONG : seconds * 1_000;
}
