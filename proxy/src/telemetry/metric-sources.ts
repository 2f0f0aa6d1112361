/**
 * What the metrics read when scraped: the data path's plain fields, backends, configuration, and
 * what other parts count for themselves.
 *
 * Types, and the sources of a proxy in which nothing happens, for the reference page and for tests.
 * Handed to `proxy-metrics.ts` by `proxy.ts`.
 */
import type { Backend } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import type { LiveEntry } from '../control/live.ts';
import { noTraces, type TraceCounts } from './trace-counts.ts';

/** What the data path counts in plain fields. */
export interface DataPathCounts {
  readonly inFlight: number;
  readonly hedges: number;
  readonly deadlinesMalformed: number;
  readonly clientsGone: number;
  readonly mirrored: number;
  readonly mirrorsActive: number;
  readonly mirrorsDropped: number;
  readonly upstreamConnections: number;
  readonly connects: number;
  readonly connectFailures: number;
  readonly traces: Readonly<TraceCounts>;
}

/** Of the connections of one endpoint. */
export interface PoolReading {
  readonly total: number;
  readonly idle: number;
  readonly connecting: number;
  readonly waiting: number;
}

/** How the application's own page was merged last. */
export interface AppReading {
  readonly isUp: boolean;
  readonly familiesDropped: number;
}

export interface MetricSources {
  readonly counts: DataPathCounts;
  readonly duplicates: { readonly storedBytes: number; readonly evictions: number };
  /** The application's beside this proxy among them. */
  backends(): Iterable<Backend>;
  destinations(): Iterable<LiveEntry>;
  /** Null: nothing was sent there yet. */
  poolOf(endpoint: Endpoint): PoolReading | null;
  /** Null: they are not merged. */
  app(): AppReading | null;
  downstreamConnections(): number;
  connectionsRefused(): number;
  logLinesDropped(): number;
  accessLinesDropped(): number;
  spansExported(): number;
  spansDropped(): number;
  recordsDropped(): number;
}

/** Of a proxy in which nothing happens. */
export function idleSources(changed: Partial<MetricSources> = {}): MetricSources {
  return {
    counts: {
      inFlight: 0,
      hedges: 0,
      deadlinesMalformed: 0,
      clientsGone: 0,
      mirrored: 0,
      mirrorsActive: 0,
      mirrorsDropped: 0,
      upstreamConnections: 0,
      connects: 0,
      connectFailures: 0,
      traces: noTraces(),
    },
    duplicates: { storedBytes: 0, evictions: 0 },
    backends: () => [],
    destinations: () => [],
    poolOf: () => null,
    app: () => null,
    downstreamConnections: () => 0,
    connectionsRefused: () => 0,
    logLinesDropped: () => 0,
    accessLinesDropped: () => 0,
    spansExported: () => 0,
    spansDropped: () => 0,
    recordsDropped: () => 0,
    ...changed,
  };
}
