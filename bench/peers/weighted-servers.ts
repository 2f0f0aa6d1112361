/**
 * A service's rule as one flat list of weighted servers, for proxies that split by server rather
 * than by cluster. The weight of a cluster is divided among its ports. Pure.
 */
import type { RouteTable } from '../route-table.ts';

export interface WeightedServer {
  readonly port: number;
  /** At most 256, as HAProxy wants it. */
  readonly weight: number;
}

export function serversOf(table: RouteTable, service: string): readonly WeightedServer[] {
  const rules = table.services.find((one) => one.name === service)?.rules ?? [];
  if (rules.length !== 1) throw new Error(`${service}: exactly one rule can be rendered here`);
  return rules[0]!.split.flatMap(({ cluster, weight }) => {
    const ports = table.clusters.find((one) => one.name === cluster)?.ports ?? [];
    const share = Math.max(1, Math.round(weight / ports.length));
    return ports.map((port) => ({ port, weight: share }));
  });
}
