/**
 * Metrics without labels that are kept elsewhere: the data path's counts, the process, the files
 * and streams that others write. Reading them costs nothing between two scrapes.
 *
 * One table each, in the order of the page. Registered by `proxy-metrics.ts`.
 */
import type { MetricSources } from './metric-sources.ts';
import type { Registry } from './registry.ts';

type Type = 'counter' | 'gauge';
type Line = readonly [name: string, type: Type, help: string, read: () => number];

const MS_PER_SECOND = 1_000;
const MICROS_PER_SECOND = 1e6;

export function readConnections(registry: Registry, sources: MetricSources): void {
  const { counts } = sources;
  register(registry, [
    [
      'remora_downstream_connections',
      'gauge',
      'Connections from clients.',
      () => sources.downstreamConnections(),
    ],
    [
      'remora_upstream_connections',
      'gauge',
      'Connections to endpoints, those being opened included.',
      () => counts.upstreamConnections,
    ],
    [
      'remora_connections_refused_total',
      'counter',
      'Connections from clients that were one too many: over the bound, or no descriptor was left.',
      () => sources.connectionsRefused(),
    ],
    ['remora_connects_total', 'counter', 'Connections begun to endpoints.', () => counts.connects],
    [
      'remora_connect_failures_total',
      'counter',
      'Connections to endpoints that were refused or timed out.',
      () => counts.connectFailures,
    ],
  ]);
}

export function readDataPath(registry: Registry, sources: MetricSources): void {
  const { counts, duplicates } = sources;
  register(registry, [
    ['remora_exchanges_in_flight', 'gauge', 'Requests under way.', () => counts.inFlight],
    [
      'remora_hedges_total',
      'counter',
      'Second attempts beside a slow first one.',
      () => counts.hedges,
    ],
    [
      'remora_deadlines_malformed_total',
      'counter',
      'Requests whose x-remora-deadline-ms was no number, and was ignored.',
      () => counts.deadlinesMalformed,
    ],
    [
      'remora_clients_gone_total',
      'counter',
      'Requests whose client left before the answer was whole.',
      () => counts.clientsGone,
    ],
    [
      'remora_mirrored_total',
      'counter',
      'Copies of requests sent to mirrors.',
      () => counts.mirrored,
    ],
    [
      'remora_mirrors_dropped_total',
      'counter',
      'Copies not sent: the body was too large, or too many were under way.',
      () => counts.mirrorsDropped,
    ],
    ['remora_mirrors_active', 'gauge', 'Copies under way.', () => counts.mirrorsActive],
    [
      'remora_duplicates_stored_bytes',
      'gauge',
      'Answers kept for requests that come again.',
      () => duplicates.storedBytes,
    ],
    [
      'remora_duplicates_evicted_total',
      'counter',
      'Kept answers that were let go before their time, for newer ones.',
      () => duplicates.evictions,
    ],
  ]);
}

/** What was said about requests, and what was lost of it. */
export function readAccounts(registry: Registry, sources: MetricSources): void {
  register(registry, [
    [
      'remora_log_lines_dropped_total',
      'counter',
      'Log lines that nobody read in time.',
      () => sources.logLinesDropped(),
    ],
    [
      'remora_access_log_lines_dropped_total',
      'counter',
      'Lines of the access log that nobody read in time.',
      () => sources.accessLinesDropped(),
    ],
    [
      'remora_records_dropped_total',
      'counter',
      'Failed or slow requests that left no record, because too many did.',
      () => sources.recordsDropped(),
    ],
    [
      'remora_spans_exported_total',
      'counter',
      'Spans that the collector took.',
      () => sources.spansExported(),
    ],
    [
      'remora_spans_dropped_total',
      'counter',
      'Spans that the collector did not take in time, or refused.',
      () => sources.spansDropped(),
    ],
  ]);
}

export function readProcess(registry: Registry): void {
  register(registry, [
    [
      'process_resident_memory_bytes',
      'gauge',
      'Resident memory of this process.',
      () => process.memoryUsage.rss(),
    ],
    ['process_cpu_seconds_total', 'counter', 'User and system time spent.', cpuSeconds],
    [
      'process_start_time_seconds',
      'gauge',
      'When this process started, in seconds since 1970.',
      () => performance.timeOrigin / MS_PER_SECOND,
    ],
    [
      'remora_event_loop_active_seconds_total',
      'counter',
      'Time that the event loop was not waiting.',
      () => performance.eventLoopUtilization().active / MS_PER_SECOND,
    ],
    [
      'remora_metric_series',
      'gauge',
      'Series that are kept of all metrics with labels.',
      () => registry.size,
    ],
  ]);
}

function register(registry: Registry, lines: readonly Line[]): void {
  for (const [name, type, help, read] of lines) registry.read({ name, type, help, read });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROS_PER_SECOND;
}
