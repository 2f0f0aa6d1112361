/**
 * What a proxy is told about the application beside it: how much to let in, and who goes first.
 *
 * From the Services that select the workload, by what their own namespace says: a consumer has no
 * say in what others' instances bear. Of several Services that say the same field, the one with the
 * smallest name wins. One inbound port stands for all, so a policy of one port counts as well.
 *
 * Pure. Called by `compiler.ts`.
 */
import type { Deployment, RateLimit, ResiliencePolicy } from '@remora/api/config/objects.ts';
import { inboundDefaults } from '@remora/api/resilience-defaults.ts';
import type { InboundConfig, RateLimitConfig } from '@remora/api/wire-resilience.ts';
import { objectKey, type World } from '../world.ts';
import { ownPolicies, ownRoutes } from './attachment.ts';
import { inboundTable, speaksInbound } from './inbound-rules.ts';
import { over } from './layers.ts';
import { selectingServices } from './selection.ts';
import { sourceRefs } from './source-refs.ts';

type Mesh = NonNullable<World['mesh']>;
type Shield = Pick<InboundConfig, 'limits' | 'rateLimits'>;

/** Of a workload that no object is about: the defaults. */
export function inboundConfig(world: World, namespace: string, workload: string): InboundConfig {
  const deployment = deploymentOf(world, namespace, workload);
  const labels = labelsOf(world, deployment, namespace, workload);
  const services = selectingServices(world, namespace, labels);
  const mesh = world.mesh === null ? [] : [world.mesh];
  // Who is listed later overrides.
  const policies = services.toReversed().flatMap((service) => ownPolicies(world, service));
  const routes = services.flatMap((service) => ownRoutes(world, service));
  const heard = routes.some(speaksInbound) ? routes : [];
  return {
    ...shield([...mesh, ...policies]),
    ...inboundTable(heard, deployment),
    fallback: inboundDefaults.fallback,
    ports: inboundDefaults.ports,
    ...tracingOf(world.mesh),
    sources: sourceRefs([...[...mesh, ...policies].filter(shields), ...heard]),
  };
}

function deploymentOf(world: World, namespace: string, name: string): Deployment | null {
  const key = objectKey({ kind: 'Deployment', metadata: { namespace, name } });
  const object = world.objects.get(key);
  return object?.kind === 'Deployment' ? object : null;
}

function labelsOf(
  { instances }: World,
  deployment: Deployment | null,
  namespace: string,
  workload: string,
): Readonly<Record<string, string>> {
  if (deployment !== null) return deployment.spec.template.metadata.labels;
  const one = instances.find((each) => each.namespace === namespace && each.workload === workload);
  return one?.labels ?? {};
}

function layerOf(object: Mesh | ResiliencePolicy): Mesh['spec']['defaults'] {
  return object.kind === 'MeshConfig' ? object.spec.defaults : object.spec;
}

function shields(object: Mesh | ResiliencePolicy): boolean {
  if (object.kind === 'MeshConfig' && object.spec.tracing !== undefined) return true;
  const layer = layerOf(object);
  return layer?.limits !== undefined || layer?.rateLimit !== undefined;
}

function tracingOf(mesh: World['mesh']): Pick<InboundConfig, 'tracing'> {
  const tracing = mesh?.spec.tracing;
  if (tracing === undefined) return {};
  const { collector = null, sampleRatio = null, slowMs = null } = tracing;
  return { tracing: { collector, sampleRatio, slowMs } };
}

function shield(layered: readonly (Mesh | ResiliencePolicy)[]): Shield {
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
