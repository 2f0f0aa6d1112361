/**
 * Metrics of every backend as this proxy sees it: limit and queue, breaker, budget, ejection, pool.
 *
 * By backend and never by endpoint: a service of a thousand endpoints is one row of each metric,
 * and /stats tells the endpoints apart. All of it is read from what the backend keeps anyway. The
 * application beside the proxy is the backend `application`.
 *
 * Registered by `proxy-metrics.ts`.
 */
import type { Backend } from '../balance/backend.ts';
import type { Clock } from '../clock.ts';
import { BREAKER } from '../resilience/endpoint-health.ts';
import { SHED_WORDS } from '../resilience/ticket.ts';
import { WAIT_BOUNDS_MS } from '../resilience/wait-times.ts';
import type { Row } from './collected.ts';
import { secondsScale } from './latency-buckets.ts';
import type { MetricSources } from './metric-sources.ts';
import type { Registry } from './registry.ts';

type Read = (backend: Backend) => number;
type NumberLine = readonly [name: string, type: 'counter' | 'gauge', help: string, read: Read];
type Counts = Backend['ejection']['counts'];
type PoolState = 'idle' | 'busy' | 'connecting';

const ENDPOINT_STATES = ['serving', 'ejected', 'half_open', 'held_back'] as const;
const POOL_STATES: readonly PoolState[] = ['idle', 'busy', 'connecting'];
const EJECTION_EVENTS: readonly (readonly [event: string, count: keyof Counts])[] = [
  ['ejected', 'ejections'],
  ['spared', 'spared'],
  ['probed', 'probes'],
  ['readmitted', 'readmissions'],
  ['picked_in_panic', 'panicPicks'],
];

export function registerBackendMetrics(
  registry: Registry,
  sources: MetricSources,
  clock: Clock,
): void {
  registerNumbers(registry, sources, clock);
  registerWords(registry, sources);
  registry.collect({
    name: 'remora_queue_wait_seconds',
    type: 'histogram',
    help: 'How long those waited for admission that had to, and were let in.',
    labels: ['backend'],
    scale: secondsScale(WAIT_BOUNDS_MS),
    *rows() {
      for (const { key, admission } of sources.backends()) {
        yield { labels: [key], value: admission.waits };
      }
    },
  });
}

function registerNumbers(registry: Registry, sources: MetricSources, clock: Clock): void {
  const lines: readonly NumberLine[] = [
    [
      'remora_limit',
      'gauge',
      'Requests that may be in flight now.',
      ({ admission }) => admission.limit,
    ],
    [
      'remora_in_flight',
      'gauge',
      'Requests admitted and not done.',
      ({ admission }) => admission.inFlight,
    ],
    [
      'remora_waiting',
      'gauge',
      'Requests that wait for admission.',
      ({ admission }) => admission.waiting,
    ],
    [
      'remora_breaker_open',
      'gauge',
      'Whether the whole backend has gone silent, so that one request at a time asks it: 1 or 0.',
      ({ admission }) => Number(admission.breaker.isOpen),
    ],
    [
      'remora_breaker_opened_total',
      'counter',
      'Times that the backend went silent.',
      ({ admission }) => admission.breaker.opened,
    ],
    [
      'remora_retry_budget_left',
      'gauge',
      'Retries and hedges that are paid for now.',
      ({ budget }) => budget.left(clock.nowMs()),
    ],
    [
      'remora_pool_waiting',
      'gauge',
      'Requests that wait for a connection.',
      ({ endpoints }) => {
        return endpoints.reduce((sum, one) => sum + (sources.poolOf(one)?.waiting ?? 0), 0);
      },
    ],
  ];
  for (const [name, type, help, read] of lines) {
    registry.collect({
      ...{ name, type, help, labels: ['backend'] },
      *rows() {
        for (const backend of sources.backends()) {
          yield { labels: [backend.key], value: read(backend) };
        }
      },
    });
  }
}

/** Those with a second label, whose words are closed. */
function registerWords(registry: Registry, sources: MetricSources): void {
  const rowsOf = (of: (backend: Backend) => Iterable<readonly [word: string, value: number]>) =>
    function* rows(): Generator<Row<number>> {
      for (const backend of sources.backends()) {
        for (const [word, value] of of(backend)) yield { labels: [backend.key, word], value };
      }
    };
  registry.collect({
    name: 'remora_shed_total',
    type: 'counter',
    help: 'Requests that admission refused, by why.',
    labels: ['backend', 'reason'],
    rows: rowsOf(({ admission }) => {
      return SHED_WORDS.map((word, reason) => [word, admission.shed[reason]!] as const);
    }),
  });
  registry.collect({
    name: 'remora_endpoints',
    type: 'gauge',
    help: 'Endpoints, by whether they are picked: serving, ejected, half_open, held_back.',
    labels: ['backend', 'state'],
    rows: rowsOf(endpointStates),
  });
  registry.collect({
    name: 'remora_ejection_events_total',
    type: 'counter',
    help: 'What ejection did; spared: the cap was reached; picked in panic: too few were left.',
    labels: ['backend', 'event'],
    rows: rowsOf(({ ejection }) => {
      return EJECTION_EVENTS.map(([event, count]) => [event, ejection.counts[count]] as const);
    }),
  });
  registry.collect({
    name: 'remora_pool_connections',
    type: 'gauge',
    help: 'Connections to endpoints, by state: idle, busy, connecting.',
    labels: ['backend', 'state'],
    rows: rowsOf((backend) => poolStates(backend, sources)),
  });
}

function endpointStates({ endpoints }: Backend): Iterable<readonly [string, number]> {
  const counts = [0, 0, 0, 0];
  for (const { health } of endpoints) {
    if (health.state === BREAKER.OPEN) counts[1]!++;
    else if (health.state === BREAKER.HALF_OPEN) counts[2]!++;
    else if (health.isHeldBack) counts[3]!++;
    else counts[0]!++;
  }
  return ENDPOINT_STATES.map((state, at) => [state, counts[at]!] as const);
}

function poolStates(
  { endpoints }: Backend,
  sources: MetricSources,
): Iterable<readonly [string, number]> {
  const sums: Record<PoolState, number> = { idle: 0, busy: 0, connecting: 0 };
  for (const endpoint of endpoints) {
    const pool = sources.poolOf(endpoint);
    if (pool === null) continue;
    sums.idle += pool.idle;
    sums.connecting += pool.connecting;
    sums.busy += pool.total - pool.idle - pool.connecting;
  }
  return POOL_STATES.map((state) => [state, sums[state]] as const);
}
