/**
 * Small configurations, for the tests of `publish/`, which do not care what is in one.
 *
 * Only for tests.
 */
import { inboundDefaults, resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { DestinationConfig, RuleConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';

/** `inFlightMax` is what a test varies to get another version. */
export function inboundLimitedTo(inFlightMax: number): InboundConfig {
  const source = { kind: 'ResiliencePolicy', namespace: 'shop', name: 'catalog', generation: 1 };
  const limits = { ...inboundDefaults.limits, inFlightMax };
  return { ...inboundDefaults, limits, sources: [source] };
}

/** `connectTimeoutMs` is what a test varies to get another version. */
export function destinationNamed(key: string, connectTimeoutMs = 1_000): DestinationConfig {
  const [, name = '', namespace = '', port = ''] = /^(.+)\.(.+):(.+)$/.exec(key) ?? [];
  const fallback: RuleConfig = {
    id: 'default',
    invalid: null,
    backends: [
      { backend: key, invalid: null, weight: 1, requestHeaders: null, responseHeaders: null },
    ],
    sticky: null,
    redirect: null,
    rewrite: null,
    mirrors: [],
    requestHeaders: null,
    responseHeaders: null,
    timeouts: { requestMs: 0, perTryMs: 0 },
    retry: resilienceDefaults.retry,
    hedge: null,
    faults: [],
    breaker: null,
    spillover: false,
    fallback: null,
    priority: 'default',
  };
  const backend = {
    key,
    endpoints: [],
    balancer: { type: 'ewma', hashKey: null, slowStartMs: 0, decayMs: 10_000 },
    connectTimeoutMs,
    idleTimeoutMs: 30_000,
    connectionsPerEndpointMax: 256,
    waitingPerEndpointMax: 1_024,
    ejection: resilienceDefaults.ejection,
    limits: resilienceDefaults.limits,
    budget: resilienceDefaults.budget,
  } as const;
  return {
    key,
    name,
    namespace,
    port: Number(port),
    protocol: 'http',
    matches: null,
    rules: [],
    fallback,
    backends: { [key]: backend },
    sources: [{ kind: 'Service', namespace, name, generation: 1 }],
  };
}
