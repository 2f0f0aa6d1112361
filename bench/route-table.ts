/**
 * The route tables of the benchmarks, said once for all proxies.
 *
 * Each peer renders the same table into its own configuration language, so "configured for the same
 * work" is one value and not a claim about several files. Hosts are service names; a rule splits by
 * weight over clusters; a cluster is a set of ports of the origin.
 *
 * Pure. Called by the questions; read by `peers/*` and `remora-config.ts`.
 */

export interface RouteTable {
  readonly services: readonly ServiceRoutes[];
  readonly clusters: readonly Cluster[];
}

export interface ServiceRoutes {
  /** First label of the host: `catalog` of `catalog.shop`. */
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly id: string;
  /** Matched by whole segments; `/` is everything. */
  readonly prefix: string;
  readonly split: readonly { readonly cluster: string; readonly weight: number }[];
}

export interface Cluster {
  readonly name: string;
  readonly ports: readonly number[];
}

export const NAMESPACE = 'shop';
export const HOST = 'catalog.shop';

/** Ports of the origin that `shopTable` needs. */
export const SHOP_PORTS = 7;

/** The example shop: six services, the catalog split 90 to 10 over two versions. */
export function shopTable(firstPort: number): RouteTable {
  const cluster = (name: string, from: number, count: number): Cluster => ({
    name,
    ports: Array.from({ length: count }, (_, at) => firstPort + from + at),
  });
  const plain = ['cart', 'orders', 'payments', 'storefront'];
  return {
    services: [
      {
        name: 'catalog',
        rules: [
          {
            id: 'canary',
            prefix: '/',
            split: [
              { cluster: 'catalog-v1', weight: 90 },
              { cluster: 'catalog-v2', weight: 10 },
            ],
          },
        ],
      },
      ...plain.map((name) => ({ name, rules: [rule('0', '/', name)] })),
    ],
    clusters: [
      cluster('catalog-v1', 0, 2),
      cluster('catalog-v2', 2, 1),
      ...plain.map((name, at) => cluster(name, 3 + at, 1)),
    ],
  };
}

const ENDPOINTS_PER_ROUTE = 4;

/**
 * One service of many rules, `/r0` to `/r<routes-1>`, over `endpoints` ports in clusters of four:
 * the shape in which a table searched rule by rule, or a snapshot compiled in one go, would show.
 * Another `shift` sends every rule elsewhere.
 */
export function wideTable(
  firstPort: number,
  routes: number,
  endpoints: number,
  shift = 0,
): RouteTable {
  const clusters = Array.from({ length: endpoints / ENDPOINTS_PER_ROUTE }, (_, at) => ({
    name: `pool-${at}`,
    ports: Array.from(
      { length: ENDPOINTS_PER_ROUTE },
      (_, port) => firstPort + at * ENDPOINTS_PER_ROUTE + port,
    ),
  }));
  const rules = Array.from({ length: routes }, (_, at) =>
    rule(`r${at}`, `/r${at}`, clusters[(at + shift) % clusters.length]!.name),
  );
  return { services: [{ name: 'catalog', rules }], clusters };
}

function rule(id: string, prefix: string, cluster: string): Rule {
  return { id, prefix, split: [{ cluster, weight: 100 }] };
}
