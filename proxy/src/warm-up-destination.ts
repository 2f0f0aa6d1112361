/**
 * The one destination of a warm-up: a Service with one endpoint and a route that splits nothing.
 *
 * Settings are of the size that they have where nobody set any. What they are does not matter, only
 * that each stage of a request's path has something to do. Pure. Called by `warm-up.ts`.
 */
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
  id: 'all',
  invalid: null,
  backends: [
    { backend: KEY, invalid: null, weight: 1, requestHeaders: null, responseHeaders: null },
  ],
  sticky: null,
  redirect: null,
  rewrite: null,
  mirrors: [],
  requestHeaders: null,
  responseHeaders: null,
  timeouts: { requestMs: 15_000, perTryMs: 0 },
  retry: { retriesMax: 1, statuses: [503], backoffBaseMs: 25, backoffMaxMs: 250 },
  hedge: null,
  faults: [],
  breaker: null,
  spillover: false,
  fallback: null,
  priority: 'default',
};

function backendAt(port: number): BackendConfig {
  return {
    key: KEY,
    endpoints: [{ address: '127.0.0.1', port, weight: 1, instance: WARM_UP, inMesh: false }],
    balancer: { type: 'ewma', slowStartMs: 0, decayMs: 5_000, hashKey: null },
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 30_000,
    connectionsPerEndpointMax: 256,
    waitingPerEndpointMax: 1_024,
    ejection: {
      failuresMax: 7,
      successRatioMin: 0.8,
      latencyFactorMax: 0,
      windowMs: 10_000,
      requestsMin: 20,
      penaltyMs: 1_000,
      penaltyMaxMs: 60_000,
      ejectedRatioMax: 0.5,
      panicRatio: 0,
    },
    limits: { inFlightMax: 1_024, waitingMax: 1_024, waitMaxMs: 500, adaptive: true },
    budget: { ratio: 0.2, minPerSecond: 10 },
  };
}
