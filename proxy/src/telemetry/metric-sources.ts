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
import { type ExchangeCounts, noCounts } from './exchange-counts.ts';

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
  readonly counts: Readonly<ExchangeCounts>;
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
    counts: noCounts(),
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
