/**
 * How a Service port is called when its route says nothing: the defaults, applied completely.
 *
 * MeshConfig's defaults, then the ResiliencePolicies of the Service from general to specific, each
 * overriding field by field; what none of them says is the default that stands with the schema.
 *
 * Pure. Called by `proxy-config.ts` and `rule-config.ts`.
 */
import type { ResilienceLayer, ResiliencePolicy, Service } from '@remora/api/config/objects.ts';
import { backendDefaults, ruleDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig, BalancerConfig, TimeoutsConfig } from '@remora/api/wire.ts';
import type { RetryConfig } from '@remora/api/wire-resilience.ts';
import { type Facts, meshOf } from '../world.ts';
import { policiesFor } from './attachment.ts';
import { hashKey } from './hash-key.ts';
import { ejectionOver, over, retryOver } from './layers.ts';

/** Of the Service that is called: a rule of its route may say otherwise. */
export interface RuleSettings {
  readonly timeouts: TimeoutsConfig;
  readonly retry: RetryConfig;
}

interface Settings {
  readonly rule: RuleSettings;
  readonly backend: Omit<BackendConfig, 'key' | 'endpoints'>;
}

export interface CallSettings extends Settings {
  /** What they were made of, over the mesh's. */
  readonly policies: readonly ResiliencePolicy[];
}

const DEFAULTS: Settings = {
  rule: { timeouts: ruleDefaults.timeouts, retry: ruleDefaults.retry },
  backend: backendDefaults,
};

export function settingsFor(
  world: Facts,
  service: Service,
  port: number,
  forNamespace: string,
): CallSettings {
  const policies = policiesFor(world, service, port, forNamespace);
  const settings = policies.reduce((under, { spec }) => override(under, spec), ofMesh(world));
  return { ...settings, policies };
}

/** Of what no Service is known of. */
export function meshSettings(world: Facts): CallSettings {
  return { ...ofMesh(world), policies: [] };
}

function ofMesh(world: Facts): Settings {
  const layer = meshOf(world)?.spec.defaults;
  return layer === undefined ? DEFAULTS : override(DEFAULTS, layer);
}

function override({ rule, backend }: Settings, layer: ResilienceLayer): Settings {
  const { timeouts, balancer, connections } = layer;
  return {
    rule: {
      timeouts: {
        requestMs: timeouts?.requestMs ?? rule.timeouts.requestMs,
        perTryMs: timeouts?.perTryMs ?? rule.timeouts.perTryMs,
      },
      retry: retryOver(rule.retry, layer.retries),
    },
    backend: {
      balancer: balancer === undefined ? backend.balancer : balanced(backend.balancer, balancer),
      connectTimeoutMs: timeouts?.connectMs ?? backend.connectTimeoutMs,
      idleTimeoutMs: timeouts?.idleMs ?? backend.idleTimeoutMs,
      connectionsPerEndpointMax: connections?.perEndpoint ?? backend.connectionsPerEndpointMax,
      waitingPerEndpointMax: connections?.waiting ?? backend.waitingPerEndpointMax,
      ejection: ejectionOver(backend.ejection, layer.ejection),
      limits: over(backend.limits, layer.limits),
      budget: over(backend.budget, layer.retryBudget),
    },
  };
}

/** A ring needs something to hash: the client's address is the one thing that every request has. */
function balanced(
  under: BalancerConfig,
  layer: NonNullable<ResilienceLayer['balancer']>,
): BalancerConfig {
  const type = layer.type ?? under.type;
  const key = layer.hashKey === undefined ? under.hashKey : hashKey(layer.hashKey);
  return {
    type,
    hashKey: type === 'ring-hash' ? (key ?? hashKey({})) : key,
    slowStartMs: layer.slowStartMs ?? under.slowStartMs,
    decayMs: layer.decayMs ?? under.decayMs,
  };
}
