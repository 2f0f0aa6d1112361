/**
 * Envoy in Remora's place, as one meets it: with its defaults, and with the usual retry policy.
 *
 * Defaults: no retries, its circuit breakers at 1,024, its 15 s time-out. Usual: three retries,
 * 250 ms a try, within a second, on connection failures, resets and 503, with a budget of 20%. One
 * worker thread, as a sidecar runs it. Neither has outlier detection or adaptive concurrency, which
 * are off until somebody configures them.
 */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '../../../bench/machine/free-ports.ts';
import { sleepMs } from '../machine/orders.ts';
import type { Spawned } from '../machine/programs.ts';
import { NAMESPACE, type ServicePlan } from './mesh.ts';
import type { Place, Sidecar, Subject } from './subject.ts';

const TYPES = 'type.googleapis.com/envoy';
const ROUTER = `${TYPES}.extensions.filters.http.router.v3.Router`;
const MANAGER = `${TYPES}.extensions.filters.network.http_connection_manager.v3`;
const READY_MS = 15_000;
const FLAGS = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];

const RETRY = {
  timeout: '1s',
  retry_policy: {
    retry_on: 'connect-failure,refused-stream,reset,retriable-status-codes',
    retriable_status_codes: [503],
    num_retries: 3,
    per_try_timeout: '0.25s',
  },
};

const BUDGET = {
  circuit_breakers: {
    thresholds: [{ retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 3 } }],
  },
};

export function envoys(program: string): readonly Subject[] {
  return [
    { name: 'Envoy, defaults', start: (place, plans) => start(place, plans, program, false) },
    {
      name: 'Envoy, retries and budget',
      start: (place, plans) => start(place, plans, program, true),
    },
  ];
}

async function start(
  place: Place,
  plans: readonly ServicePlan[],
  program: string,
  retries: boolean,
): Promise<Sidecar> {
  const [port = 0] = await freePorts(1);
  const file = join(place.folder, `envoy-${port}.json`);
  writeFileSync(file, JSON.stringify(bootstrap(plans, port, retries)));
  const spawned = place.programs.spawn('envoy', [program, '-c', file, ...FLAGS]);
  await awaitListener(spawned, port);
  return { port, process: spawned };
}

/** Pure. */
function bootstrap(plans: readonly ServicePlan[], port: number, retries: boolean): object {
  const manager = {
    '@type': `${MANAGER}.HttpConnectionManager`,
    stat_prefix: 'outbound',
    route_config: {
      name: 'outbound',
      virtual_hosts: plans.map(({ name }) => virtualHost(name, retries)),
    },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': ROUTER } }],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
  return {
    static_resources: {
      listeners: [
        { name: 'outbound', address: address(port), filter_chains: [{ filters: [filter] }] },
      ],
      clusters: plans.map((plan) => cluster(plan, retries)),
    },
  };
}

function virtualHost(name: string, retries: boolean): object {
  const route = { cluster: name, ...(retries ? RETRY : {}) };
  const routes = [{ match: { prefix: '/' }, route }];
  return { name, domains: [`${name}.${NAMESPACE}`], routes };
}

function cluster({ name, endpoints = [] }: ServicePlan, retries: boolean): object {
  const ends = endpoints.map((one) => ({ endpoint: { address: address(one) } }));
  return {
    name,
    type: 'STATIC',
    lb_policy: 'LEAST_REQUEST',
    ...(retries ? BUDGET : {}),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: ends }] },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

async function awaitListener(spawned: Spawned, port: number): Promise<void> {
  const untilMs = performance.now() + READY_MS;
  while (performance.now() < untilMs && !spawned.hasEnded) {
    if (await accepts(port)) return;
    await sleepMs(20);
  }
  throw new Error(`Envoy does not listen: ${spawned.output.trim()}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
