/**
 * Renders a route table as Remora's snapshot: what the control plane would have sent.
 *
 * Written out here rather than compiled from YAML so that the benches need no control plane and
 * every table of a thousand rules is one function call. Policies are Remora's defaults (peak-EWMA,
 * 1 s to connect, 256 connections per endpoint).
 *
 * Pure. Called by `peers/remora.ts` and by questions.
 */
import { backendDefaults, inboundDefaults, ruleDefaults } from '@remora/api/resilience-defaults.ts';
import type { InboundConfig, TracingConfig } from '@remora/api/wire-resilience.ts';
import type {
  BackendConfig,
  DestinationConfig,
  MatchConfig,
  RuleConfig,
} from '@remora/api/wire.ts';
import { type Cluster, NAMESPACE, type RouteTable, type Rule } from './route-table.ts';

const PORT = 80;

export interface SnapshotFile {
  readonly format: 'remora-snapshot/1';
  readonly inbound?: { readonly version: string; readonly config: InboundConfig };
  readonly destinations: Readonly<
    Record<string, { readonly version: string; readonly config: DestinationConfig }>
  >;
}

function keyOf(name: string): string {
  return `${name}.${NAMESPACE}:${PORT}`;
}

/** `version` tells two snapshots of the same table apart. */
export function snapshotOf(table: RouteTable, version = '1'): SnapshotFile {
  const destinations = Object.fromEntries(
    destinationsOf(table).map((config) => [config.key, { version, config }]),
  );
  return { format: 'remora-snapshot/1', destinations };
}

/** The same, and how the proxy traces. For one that has an inbound role. */
export function traced(
  snapshot: SnapshotFile,
  tracing: TracingConfig,
  version: string,
): SnapshotFile {
  return { ...snapshot, inbound: { version, config: { ...inboundDefaults, tracing } } };
}

export function destinationsOf(table: RouteTable): readonly DestinationConfig[] {
  const clusters = new Map(table.clusters.map((cluster) => [cluster.name, cluster]));
  return table.services.map(({ name, rules }) => {
    const named = [...new Set(rules.flatMap((rule) => rule.split.map((part) => part.cluster)))];
    const own: Cluster = clusters.get(name) ?? { name, ports: [] };
    const backends = [own, ...named.map((cluster) => clusters.get(cluster)!)].map(backendOf);
    return {
      key: keyOf(name),
      name,
      namespace: NAMESPACE,
      port: PORT,
      protocol: 'http',
      matches: rules.map(matchOf).toSorted(byLengthOfPath),
      rules: rules.map((rule) => ruleOf(rule.id, rule.split)),
      fallback: ruleOf('default', [{ cluster: name, weight: 1 }]),
      backends: Object.fromEntries(backends.map((backend) => [backend.key, backend])),
      sources: [{ kind: 'Service', namespace: NAMESPACE, name, generation: 1 }],
    };
  });
}

function matchOf(rule: Rule, at: number): MatchConfig {
  const path = { type: 'prefix', value: rule.prefix } as const;
  return { rule: at, path, method: null, headers: [], query: [], source: null };
}

/** Precedence: the longer path first. */
function byLengthOfPath(a: MatchConfig, b: MatchConfig): number {
  return (b.path?.value.length ?? 0) - (a.path?.value.length ?? 0);
}

function ruleOf(id: string, split: Rule['split']): RuleConfig {
  return {
    id,
    ...ruleDefaults,
    backends: split.map(({ cluster, weight }) => ({
      backend: keyOf(cluster),
      invalid: null,
      weight,
      requestHeaders: null,
      responseHeaders: null,
    })),
  };
}

function backendOf(cluster: Cluster): BackendConfig {
  return {
    key: keyOf(cluster.name),
    endpoints: cluster.ports.map((port, at) => ({
      address: '127.0.0.1',
      port,
      weight: 1,
      instance: `${cluster.name}-${at}`,
      inMesh: false,
    })),
    ...backendDefaults,
  };
}
