/**
 * Peak EWMA: what a request would wait for at an endpoint, from the response times it has shown.
 *
 * A slower answer than the mean counts at once, a faster one only as the mean decays: an endpoint
 * that turns slow is left within one answer. Floating milliseconds, decayed when read: decayed only
 * by answers, an endpoint left alone would keep its figure and starve. A failure is at least a
 * second, so that failing fast attracts nothing. The rest is Linkerd's.
 *
 * Pure. Cost for `p2c.ts`; `observe` is called for every answer, whatever the balancer.
 */
import type { Cost } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import { slowStartShare } from './slow-start.ts';

export const FAILURE_RTT_MS = 1_000;

export function ewmaCost(decayMs: number, slowStartMs: number): Cost {
  return (endpoint, nowMs) => {
    const share = endpoint.weight * slowStartShare(endpoint, slowStartMs, nowMs);
    return (decayedMs(endpoint, decayMs, nowMs) * (endpoint.inFlight + 1)) / share;
  };
}

/** The mean as it stands now. */
export function decayedMs(endpoint: Endpoint, decayMs: number, nowMs: number): number {
  const idleMs = nowMs - endpoint.ewmaAtMs;
  return idleMs > 0 ? endpoint.ewmaMs * Math.exp(-idleMs / decayMs) : endpoint.ewmaMs;
}

/** An endpoint that was left alone has answered well: its mean goes half the way, in logarithms. */
export function halve(endpoint: Endpoint, rttMs: number, decayMs: number, nowMs: number): void {
  const heldMs = decayedMs(endpoint, decayMs, nowMs);
  if (rttMs >= heldMs) return observe(endpoint, rttMs, false, decayMs, nowMs);
  endpoint.ewmaMs = Math.sqrt(heldMs * rttMs);
  endpoint.ewmaAtMs = nowMs;
}

/** Takes in one answer. The first one takes the place of the guess. */
export function observe(
  endpoint: Endpoint,
  rttMs: number,
  failed: boolean,
  decayMs: number,
  nowMs: number,
): void {
  const seenMs = failed ? Math.max(rttMs, FAILURE_RTT_MS) : rttMs;
  if (!endpoint.isMeasured) {
    endpoint.isMeasured = true;
    endpoint.ewmaMs = seenMs;
    endpoint.ewmaAtMs = nowMs;
    return;
  }
  const kept = Math.exp(-Math.max(0, nowMs - endpoint.ewmaAtMs) / decayMs);
  endpoint.ewmaMs =
    seenMs > endpoint.ewmaMs * kept ? seenMs : endpoint.ewmaMs * kept + seenMs * (1 - kept);
  endpoint.ewmaAtMs = nowMs;
}
