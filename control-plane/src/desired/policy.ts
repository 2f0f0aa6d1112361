/**
 * How a Service port is called when its route says nothing: the defaults, applied completely.
 *
 * MeshConfig's defaults, then the ResiliencePolicies of the Service from general to specific, each
 * overriding field by field; what none of them says is the default that stands with the schema.
 * A whole-object override was refused: a policy that sets one timeout must not lose the others.
 *
 * Pure. Called by `proxy-config.ts` and `rule-config.ts`.
 */
import type { ResilienceLayer, Service } from '@remora/api/config/objects.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig, BalancerConfig, TimeoutsConfig } from '@remora/api/wire.ts';
import type { World } from '../world.ts';
import { policiesFor } from './attachment.ts';
import { hashKey } from './rule-config.ts';

export interface CallSettings {
  readonly timeouts: TimeoutsConfig;
  readonly backend: Omit<BackendConfig, 'key' | 'endpoints'>;
}

const DEFAULTS: CallSettings = {
  timeouts: {
    requestMs: resilienceDefaults.timeouts.requestMs,
    perTryMs: resilienceDefaults.timeouts.perTryMs,
  },
  backend: {
    balancer: { ...resilienceDefaults.balancer, hashKey: null },
    connectTimeoutMs: resilienceDefaults.timeouts.connectMs,
    idleTimeoutMs: resilienceDefaults.timeouts.idleMs,
    connectionsPerEndpointMax: resilienceDefaults.connections.perEndpoint,
    waitingPerEndpointMax: resilienceDefaults.connections.waiting,
    ejection: resilienceDefaults.ejection,
    limits: resilienceDefaults.limits,
    budget: resilienceDefaults.budget,
  },
};

export function settingsFor(
  world: World,
  service: Service,
  port: number,
  forNamespace: string,
): CallSettings {
  const policies = policiesFor(world, service, port, forNamespace);
  const layers = [world.mesh?.spec.defaults, ...policies.map(({ spec }) => spec)];
  return layers.reduce<CallSettings>(
    (under, layer) => (layer === undefined ? under : override(under, layer)),
    DEFAULTS,
  );
}

function override(under: CallSettings, layer: ResilienceLayer): CallSettings {
  const { timeouts, balancer, connections } = layer;
  const { backend } = under;
  return {
    timeouts: {
      requestMs: timeouts?.requestMs ?? under.timeouts.requestMs,
      perTryMs: timeouts?.perTryMs ?? under.timeouts.perTryMs,
    },
    backend: {
      ...backend,
      balancer: balancer === undefined ? backend.balancer : balanced(backend.balancer, balancer),
      connectTimeoutMs: timeouts?.connectMs ?? backend.connectTimeoutMs,
      idleTimeoutMs: timeouts?.idleMs ?? backend.idleTimeoutMs,
      connectionsPerEndpointMax: connections?.perEndpoint ?? backend.connectionsPerEndpointMax,
      waitingPerEndpointMax: connections?.waiting ?? backend.waitingPerEndpointMax,
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
