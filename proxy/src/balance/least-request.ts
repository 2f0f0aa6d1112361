/**
 * Fewest requests in flight: a cost for `p2c.ts` that needs no measurement.
 *
 * For services whose answers differ too much in length for a mean to say anything, such as streams.
 *
 * Pure.
 */
import type { Cost } from './balancer.ts';
import { slowStartShare } from './slow-start.ts';

export function leastRequestCost(slowStartMs: number): Cost {
  return (endpoint, nowMs) =>
    (endpoint.inFlight + 1) / (endpoint.weight * slowStartShare(endpoint, slowStartMs, nowMs));
}
