/**
 * Backends and requests to them, for tests.
 *
 * Tests only.
 */
import { backendDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig, BalancerConfig, EndpointConfig } from '@remora/api/wire.ts';
import { type Chance, ManualClock, seededChance } from '../clock.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { TimerWheel } from '../timer-wheel.ts';
import { Backend, type BackendWorld } from './backend.ts';
import type { Endpoint } from './endpoint.ts';
import { TriedEndpoints } from './tried.ts';

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
    ...backendDefaults,
    balancer: { ...backendDefaults.balancer, ...balancer },
  };
}

/** Its clock stands still: tests say the time. */
export function backendWorld(chance: Chance = seededChance(1)): BackendWorld {
  const clock = new ManualClock();
  return { clock, wheel: new TimerWheel(clock, () => undefined), chance };
}

export function backendOf(
  endpoints: readonly EndpointConfig[],
  balancer: Partial<BalancerConfig> = {},
  chance: Chance = seededChance(1),
): Backend {
  const backend = new Backend('catalog.shop:80', backendWorld(chance));
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
  const epoch = backend.onSent(endpoint, nowMs - rttMs);
  backend.onDone(endpoint, epoch, rttMs, OUTCOME.OK, nowMs);
}

/** So many requests, one after the other, that fail. */
export function fail(backend: Backend, endpoint: Endpoint, nowMs: number, count = 1): void {
  for (let request = 0; request < count; request++) {
    const epoch = backend.onSent(endpoint, nowMs);
    backend.onDone(endpoint, epoch, 1, OUTCOME.FAILED, nowMs);
  }
}

export function tried(...endpoints: readonly (Endpoint | null)[]): TriedEndpoints {
  const made = new TriedEndpoints();
  for (const endpoint of endpoints) if (endpoint !== null) made.add(endpoint);
  return made;
}

/** Its limit lets nothing more in. */
export function fillUp({ slot }: Endpoint): void {
  slot.inFlight = slot.limit!.places;
}

export function makeRoom({ slot }: Endpoint): void {
  slot.inFlight = 0;
}
