/**
 * One layer of settings over the one below: field by field, and what belongs together in order.
 *
 * A whole-object override was refused: a policy that sets one timeout must not lose the others.
 * Where a layer moves one end of a range past the other end, which a layer below has set, the other
 * end follows: who writes `base: 1s` means it, whatever the default of `max` is.
 *
 * Pure. Called by `policy.ts`, `inbound-config.ts` and `failure-config.ts`.
 */
import type { EjectionConfig, RetryConfig } from '@remora/api/wire-resilience.ts';

/** What one layer says of `T`; what is missing or undefined it leaves to the layer below. */
export type Layer<T> = { readonly [K in keyof T]?: T[K] | undefined } | undefined;

export function over<T extends object>(under: T, layer: Layer<T>): T {
  if (layer === undefined) return under;
  const said = Object.entries(layer).filter(([, value]) => value !== undefined);
  return { ...under, ...Object.fromEntries(said) };
}

export function retryOver(under: RetryConfig, layer: Layer<RetryConfig>): RetryConfig {
  const retry = over(under, layer);
  const isBaseSaid = layer?.backoffBaseMs !== undefined;
  const [base, max] = inOrder(retry.backoffBaseMs, retry.backoffMaxMs, isBaseSaid);
  const statuses = [...new Set(retry.statuses)].sort((a, b) => a - b);
  return { ...retry, statuses, backoffBaseMs: base, backoffMaxMs: max };
}

export function ejectionOver(under: EjectionConfig, layer: Layer<EjectionConfig>): EjectionConfig {
  const ejection = over(under, layer);
  const isFirstSaid = layer?.penaltyMs !== undefined;
  const [first, max] = inOrder(ejection.penaltyMs, ejection.penaltyMaxMs, isFirstSaid);
  return { ...ejection, penaltyMs: first, penaltyMaxMs: max };
}

/** Within one layer the schema has refused what is out of order. */
function inOrder(low: number, high: number, isLowSaid: boolean): readonly [number, number] {
  if (low <= high) return [low, high];
  return isLowSaid ? [low, low] : [high, high];
}
