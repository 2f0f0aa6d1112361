/**
 * A new endpoint's share grows to full over a while: its caches are cold, its code not compiled.
 *
 * Linear, from a tenth (Envoy's floor): from nothing, an endpoint would never get the requests that
 * warm it. Endpoints of the first configuration are not new, only the proxy is.
 *
 * Pure. Read by the P2C costs and the round robin. Rings ignore it: moving users costs more.
 */
import type { Endpoint } from './endpoint.ts';

const SHARE_MIN = 0.1;

/** Share of its weight that an endpoint gets now: SHARE_MIN to 1. `slowStartMs` 0: always 1. */
export function slowStartShare(endpoint: Endpoint, slowStartMs: number, nowMs: number): number {
  const ageMs = nowMs - endpoint.readyAtMs;
  if (ageMs >= slowStartMs) return 1;
  return Math.max(SHARE_MIN, ageMs / slowStartMs);
}
