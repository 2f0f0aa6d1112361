/**
 * Backends and requests to them, for tests.
 *
 * Tests only.
 */
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig, BalancerConfig, EndpointConfig } from '@remora/api/wire.ts';
import { type Chance, seededChance } from '../clock.ts';
import { Backend } from './backend.ts';
import type { Endpoint } from './endpoint.ts';

export function endpointConfig(index: number, weight = 1): EndpointConfig {
  const address = `10.0.${index >>> 8}.${index & 255}`;
  return { address, port: 8080, weight, instance: `catalog-${index}`, inMesh: false };
}

export function endpointConfigs(count: number, weight = 1): EndpointConfig[] {
  return Array.from({ length: count }, (_, index) => endpointConfig(index, weight));
}

export function backendConfig(
  endpoints: readonly EndpointConfig[],
  balancer: Partial<BalancerConfig> = {},
): BackendConfig {
  return {
    key: 'catalog.shop:80',
    endpoints,
    balancer: { type: 'ewma', hashKey: null, slowStartMs: 0, decayMs: 10_000, ...balancer },
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 30_000,
    connectionsPerEndpointMax: 256,
    waitingPerEndpointMax: 1_024,
    ejection: resilienceDefaults.ejection,
    limits: resilienceDefaults.limits,
    budget: resilienceDefaults.budget,
  };
}

export function backendOf(
  endpoints: readonly EndpointConfig[],
  balancer: Partial<BalancerConfig> = {},
  chance: Chance = seededChance(1),
): Backend {
  const backend = new Backend('catalog.shop:80', chance);
  backend.apply(backendConfig(endpoints, balancer), 0);
  return backend;
}

/** Picks so often without sending, and counts by instance. */
export function countPicks(backend: Backend, picks: number, nowMs = 0): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let pick = 0; pick < picks; pick++) {
    const { instance } = backend.pick(null, '', null, nowMs)!;
    counts[instance] = (counts[instance] ?? 0) + 1;
  }
  return counts;
}

/** One request, answered after `rttMs`. */
export function answer(backend: Backend, endpoint: Endpoint, rttMs: number, nowMs: number): void {
  backend.onSent(endpoint, nowMs - rttMs);
  backend.onDone(endpoint, rttMs, false, nowMs);
}
