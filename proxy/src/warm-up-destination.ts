/**
 * The one destination of a warm-up: a Service with one endpoint and a route that splits nothing.
 *
 * The defaults, and a time-out and a status to try again, so that these stages have something to
 * do. Pure. Called by `warm-up.ts`.
 */
import { backendDefaults, ruleDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig, DestinationConfig, RuleConfig } from '@remora/api/wire.ts';
import type { ConfigText } from './control/snapshot-format.ts';

/** Name of the Service and of its namespace. */
export const WARM_UP = 'warm-up';
const KEY = `${WARM_UP}.${WARM_UP}:80`;

/** `port`: of its endpoint, on loopback. */
export function warmUpDestination(port: number): ConfigText {
  const config: DestinationConfig = {
    key: KEY,
    name: WARM_UP,
    namespace: WARM_UP,
    port: 80,
    protocol: 'http',
    matches: [
      {
        rule: 0,
        path: { type: 'prefix', value: '/items' },
        method: null,
        headers: [],
        query: [],
        source: null,
      },
    ],
    rules: [RULE],
    fallback: RULE,
    backends: { [KEY]: backendAt(port) },
    sources: [],
  };
  return { key: KEY, version: '1', text: JSON.stringify(config) };
}

const RULE: RuleConfig = {
  ...ruleDefaults,
  id: 'all',
  backends: [
    { backend: KEY, invalid: null, weight: 1, requestHeaders: null, responseHeaders: null },
  ],
  timeouts: { ...ruleDefaults.timeouts, requestMs: 15_000 },
  retry: { ...ruleDefaults.retry, statuses: [503] },
};

function backendAt(port: number): BackendConfig {
  return {
    ...backendDefaults,
    key: KEY,
    endpoints: [{ address: '127.0.0.1', port, weight: 1, instance: WARM_UP, inMesh: false }],
  };
}
