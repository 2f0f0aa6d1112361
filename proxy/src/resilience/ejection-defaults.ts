/**
 * Ejection where no configuration speaks of it: both known halves, with Envoy's cap.
 *
 * Latency is not judged unless asked for: what is slow for one request is right for another.
 *
 * Pure constants. Used by `balance/backend.ts`.
 */
import type { EjectionConfig } from '@remora/api/wire-resilience.ts';

export const EJECTION_DEFAULTS: EjectionConfig = {
  failuresMax: 7,
  successRatioMin: 0.8,
  latencyFactorMax: 0,
  windowMs: 10_000,
  requestsMin: 20,
  penaltyMs: 1_000,
  penaltyMaxMs: 60_000,
  ejectedRatioMax: 0.5,
  panicRatio: 0,
};
