/**
 * How a Service is called, and an application shielded, where nobody says otherwise: the lowest
 * layer, and the only place that has these numbers. The reference page takes them from here, and
 * the control plane applies them. api/src/config has the bounds and the words of each.
 *
 * Not among the schemas: those bring their validator along, and a proxy needs these numbers for
 * its application before the first configuration has come.
 *
 * Pure constants, in the shape of the wire.
 */
import type { BackendConfig, RuleConfig } from './wire.ts';
import type {
  BudgetConfig,
  DuplicatesConfig,
  EjectionConfig,
  InboundConfig,
  LimitsConfig,
  RetryConfig,
  RuleBreakerConfig,
} from './wire-resilience.ts';

export const resilienceDefaults = {
  timeouts: { connectMs: 1_000, requestMs: 0, perTryMs: 0, idleMs: 30_000 },
  balancer: { type: 'ewma', slowStartMs: 0, decayMs: 5_000 },
  connections: { perEndpoint: 256, waiting: 1_024 },
  retry: { retriesMax: 1, statuses: [], backoffBaseMs: 25, backoffMaxMs: 250 } as RetryConfig,
  budget: { ratio: 0.2, minPerSecond: 10 } as BudgetConfig,
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
  } as EjectionConfig,
  limits: { inFlightMax: 1_024, waitingMax: 1_024, waitMaxMs: 500, adaptive: true } as LimitsConfig,
  /** Of a rule that asks for one and says no more. */
  breaker: { failuresMax: 7, cooldownMs: 1_000 } as RuleBreakerConfig,
  duplicates: { keepMs: 60_000 } as DuplicatesConfig,
} as const;

const { timeouts, balancer, connections } = resilienceDefaults;

/** A rule that says no more than where to. */
export const ruleDefaults: Omit<RuleConfig, 'id' | 'backends'> = {
  invalid: null,
  sticky: null,
  redirect: null,
  rewrite: null,
  mirrors: [],
  requestHeaders: null,
  responseHeaders: null,
  timeouts: { requestMs: timeouts.requestMs, perTryMs: timeouts.perTryMs },
  retry: resilienceDefaults.retry,
  hedge: null,
  faults: [],
  breaker: null,
  spillover: false,
  fallback: null,
  priority: 'default',
};

export const backendDefaults: Omit<BackendConfig, 'key' | 'endpoints'> = {
  balancer: { ...balancer, hashKey: null },
  connectTimeoutMs: timeouts.connectMs,
  idleTimeoutMs: timeouts.idleMs,
  connectionsPerEndpointMax: connections.perEndpoint,
  waitingPerEndpointMax: connections.waiting,
  ejection: resilienceDefaults.ejection,
  limits: resilienceDefaults.limits,
  budget: resilienceDefaults.budget,
};

/** For an application that no object is about. */
export const inboundDefaults: InboundConfig = {
  limits: resilienceDefaults.limits,
  rateLimits: [],
  matches: null,
  rules: [],
  fallback: { id: 'default', priority: 'default', duplicates: null },
  ports: [],
  sources: [],
};
