/**
 * Small configurations, for the tests of `publish/`, which do not care what is in one.
 *
 * Only for tests.
 */
import { backendDefaults, inboundDefaults, ruleDefaults } from '@remora/api/resilience-defaults.ts';
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
    ...ruleDefaults,
    backends: [
      { backend: key, invalid: null, weight: 1, requestHeaders: null, responseHeaders: null },
    ],
  };
  const backend = {
    key,
    endpoints: [],
    ...backendDefaults,
    connectTimeoutMs,
  };
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
