/**
 * Renders a route table as an Envoy bootstrap.
 *
 * `full`: weighted clusters, least request of two (its P2C), one retry on another host for
 * connections that failed with a budget of 20%, circuit breakers, outlier detection, request ids,
 * normalised paths, all statistics. Tracing and access logs stay off although Remora does
 * propagate trace context: the comparison errs in Envoy's favour. `minimal`: one route, round
 * robin, no request ids, no statistics. Pure. Called by `envoy.ts`.
 */
import { type Cluster, NAMESPACE, type RouteTable, type Rule } from '../route-table.ts';
import type { Flavor } from './peer.ts';

const TYPES = 'type.googleapis.com/envoy';
const ROUTER = `${TYPES}.extensions.filters.http.router.v3.Router`;
const HTTP_MANAGER = `${TYPES}.extensions.filters.network.http_connection_manager.v3`;
const PREVIOUS_HOSTS = `${TYPES}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate`;

export function envoyBootstrap(table: RouteTable, port: number, flavor: Flavor): object {
  const isFull = flavor === 'full';
  const manager = {
    '@type': `${HTTP_MANAGER}.HttpConnectionManager`,
    stat_prefix: 'outbound',
    generate_request_id: isFull,
    ...(isFull ? { normalize_path: true } : {}),
    route_config: { name: 'outbound', virtual_hosts: virtualHosts(table, isFull) },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': ROUTER } }],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
  return {
    ...(isFull ? {} : { stats_config: { stats_matcher: { reject_all: true } } }),
    admin: { address: address(0) },
    static_resources: {
      listeners: [
        { name: 'outbound', address: address(port), filter_chains: [{ filters: [filter] }] },
      ],
      clusters: table.clusters.map((one) => cluster(one, isFull)),
    },
  };
}

function virtualHosts(table: RouteTable, isFull: boolean): readonly object[] {
  const shown = isFull ? table.services : table.services.slice(0, 1);
  return shown.map(({ name, rules }) => ({
    name,
    domains: isFull ? domainsOf(name) : ['*'],
    routes: rules.map((rule) => route(rule, isFull)),
  }));
}

function domainsOf(name: string): readonly string[] {
  const names = ['', `.${NAMESPACE}`, `.${NAMESPACE}.svc`, `.${NAMESPACE}.svc.cluster.local`];
  return names.flatMap((suffix) => [`${name}${suffix}`, `${name}${suffix}:80`]);
}

function route(rule: Rule, isFull: boolean): object {
  const match = rule.prefix === '/' ? { prefix: '/' } : { path_separated_prefix: rule.prefix };
  const first = rule.split[0]!;
  const split =
    rule.split.length === 1 || !isFull
      ? { cluster: first.cluster }
      : {
          weighted_clusters: {
            clusters: rule.split.map((part) => ({ name: part.cluster, weight: part.weight })),
          },
        };
  return { match, route: { ...split, timeout: '0s', ...(isFull ? { retry_policy: RETRY } : {}) } };
}

const RETRY = {
  retry_on: 'connect-failure,refused-stream',
  num_retries: 1,
  retry_back_off: { base_interval: '0.025s', max_interval: '0.25s' },
  host_selection_retry_max_attempts: 3,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: { '@type': PREVIOUS_HOSTS },
    },
  ],
};

const BREAKERS = {
  thresholds: [
    {
      max_connections: 1_024,
      max_pending_requests: 1_024,
      max_requests: 1_024,
      retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 3 },
    },
  ],
};

const OUTLIERS = {
  consecutive_5xx: 7,
  interval: '10s',
  base_ejection_time: '1s',
  max_ejection_time: '60s',
  max_ejection_percent: 50,
};

function cluster({ name, ports }: Cluster, isFull: boolean): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    lb_policy: isFull ? 'LEAST_REQUEST' : 'ROUND_ROBIN',
    ...(isFull ? { circuit_breakers: BREAKERS, outlier_detection: OUTLIERS } : {}),
    load_assignment: {
      cluster_name: name,
      endpoints: [
        { lb_endpoints: ports.map((port) => ({ endpoint: { address: address(port) } })) },
      ],
    },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
