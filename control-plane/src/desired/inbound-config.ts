/**
 * What a proxy is told about the application beside it: how much to let in, and who goes first.
 *
 * From the Services that select the workload, by what their own namespace says: a consumer has no
 * say in what others' instances bear. Of several Services that say the same field, the one with the
 * smallest name wins. The policy is the workload's, so one of a single port counts as well.
 *
 * Pure. Called by `compiler.ts`.
 */
import type { MeshConfig, RateLimit, ResiliencePolicy } from '@remora/api/config/objects.ts';
import { inboundDefaults } from '@remora/api/resilience-defaults.ts';
import type { InboundConfig, RateLimitConfig } from '@remora/api/wire-resilience.ts';
import { type Facts, meshOf } from '../world.ts';
import { ownPolicies, ownRoutes } from './attachment.ts';
import { inboundTable, speaksInbound } from './inbound-rules.ts';
import { over } from './layers.ts';
import { selectingServices } from './selection.ts';
import { inboundPorts, servedPorts } from './served-ports.ts';
import { meshSources, sourceRefs } from './source-refs.ts';
import { workloadNamed } from './workload.ts';

type Shield = Pick<InboundConfig, 'limits' | 'rateLimits'>;

/** Of a workload that no object is about: the defaults. */
export function inboundConfig(world: Facts, namespace: string, name: string): InboundConfig {
  const workload = workloadNamed(world, namespace, name);
  const services = selectingServices(world, namespace, workload.labels);
  const mesh = meshSources(world);
  // Who is listed later overrides.
  const policies = services.toReversed().flatMap((service) => ownPolicies(world, service));
  const routes = services.flatMap((service) => ownRoutes(world, service));
  const heard = routes.some(speaksInbound) ? routes : [];
  return {
    ...shield([...mesh, ...policies]),
    ...inboundTable(heard, workload.probePaths),
    fallback: inboundDefaults.fallback,
    ports: inboundPorts(world, servedPorts(world, workload)),
    ...tracingOf(meshOf(world)),
    sources: sourceRefs([...[...mesh, ...policies].filter(shields), ...heard]),
  };
}

function layerOf(object: MeshConfig | ResiliencePolicy): MeshConfig['spec']['defaults'] {
  return object.kind === 'MeshConfig' ? object.spec.defaults : object.spec;
}

function shields(object: MeshConfig | ResiliencePolicy): boolean {
  if (object.kind === 'MeshConfig' && object.spec.tracing !== undefined) return true;
  const layer = layerOf(object);
  return layer?.limits !== undefined || layer?.rateLimit !== undefined;
}

function tracingOf(mesh: MeshConfig | null): Pick<InboundConfig, 'tracing'> {
  const tracing = mesh?.spec.tracing;
  if (tracing === undefined) return {};
  const { collector = null, sampleRatio = null, slowMs = null } = tracing;
  return { tracing: { collector, sampleRatio, slowMs } };
}

function shield(layered: readonly (MeshConfig | ResiliencePolicy)[]): Shield {
  let { limits, rateLimits }: Shield = inboundDefaults;
  for (const object of layered) {
    const layer = layerOf(object);
    limits = over(limits, layer?.limits);
    // As a whole: two lists of limits have no fields in common.
    rateLimits = layer?.rateLimit?.map(rateLimitConfig) ?? rateLimits;
  }
  return { limits, rateLimits };
}

function rateLimitConfig({ perSecond, burst, header, peer }: RateLimit): RateLimitConfig {
  const key: RateLimitConfig['key'] =
    header !== undefined
      ? { type: 'header', name: header.toLowerCase() }
      : { type: peer === undefined ? 'all' : 'peer', name: '' };
  return { ratePerSecond: perSecond, burst: burst ?? Math.ceil(perSecond), key };
}
