/**
 * All metrics of the proxy. A metric that is not here does not exist; docs/metrics.md lists them.
 *
 * What is counted per request speaks Linkerd's names and labels, so that dashboards and canary
 * tools made for it work; the rest is `remora_*`. What the data path counts in plain fields anyway
 * is read when scraped, and costs nothing between.
 *
 * Made once by `proxy.ts`. Route series are bound when compiling, recorded by the exchange.
 */
import { type ErrorCode, ERRORS } from '@remora/api/errors.ts';
import type { Clock } from '../clock.ts';
import { DUPLICATE_ENDS, type DuplicateEnd } from '../resilience/duplicates.ts';
import { isRetry, RETRY_WORDS } from '../resilience/retry.ts';
import { BY_NAME } from './family.ts';
import { Registry } from './registry.ts';
import { type RouteFamilies, type RouteLabels, RouteSeries } from './route-series.ts';
import type { Series } from './series.ts';

export type { RouteSeries } from './route-series.ts';

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
}

export interface MetricSources {
  readonly counts: DataPathCounts;
  readonly duplicates: { readonly storedBytes: number; readonly evictions: number };
  downstreamConnections(): number;
  logLinesDropped(): number;
}

const ROUTE = {
  direction: ['inbound', 'outbound'],
  dst_service: BY_NAME,
  dst_namespace: BY_NAME,
  dst_port: BY_NAME,
  route: BY_NAME,
  backend: BY_NAME,
} as const;

export class ProxyMetrics {
  readonly registry = new Registry();
  readonly configApplied: Series;
  readonly configRefused: Series;
  readonly configConnects: Series;
  readonly configConnected: Series;
  readonly loopDelay: Series;
  /** When the last configuration was applied; 0: none yet. */
  configAppliedAtMs = 0;
  readonly #clock: Clock;
  readonly #routes: RouteFamilies;
  readonly #routeSeries = new Map<string, RouteSeries>();
  readonly #refused = new Map<string, Series>();
  readonly #duplicateEnds: ReadonlyMap<DuplicateEnd, Series>;
  /** By RETRY. */
  readonly #retryReasons: readonly Series[];

  constructor(sources: MetricSources, clock: Clock) {
    this.#clock = clock;
    const { registry } = this;
    this.#routes = {
      requests: registry.counter({
        name: 'request_total',
        help: 'Requests that ended, by destination, route and backend.',
        labels: ROUTE,
      }),
      responses: registry.counter({
        name: 'response_total',
        help: 'Answers, by status and by whether they count as failed.',
        labels: { ...ROUTE, status_code: BY_NAME, classification: ['success', 'failure'] },
      }),
      latency: registry.histogram({
        name: 'response_latency_ms',
        help: 'Milliseconds from the request head to the end of the answer.',
        labels: ROUTE,
      }),
    };
    const codes = Object.keys(ERRORS);
    const refused = registry.counter({
      name: 'remora_refused_total',
      help: 'Requests that Remora answered itself, by the code of its reason.',
      labels: { code: codes },
    });
    for (const code of codes) this.#refused.set(code, refused.bind({ code }));
    this.#retryReasons = retryReasons(registry);
    this.#duplicateEnds = duplicateEnds(registry);
    const number = { labels: {} } as const;
    this.configApplied = registry
      .counter({
        ...number,
        name: 'remora_config_versions_applied_total',
        help: 'Versions of destinations that came into force.',
      })
      .bind({});
    this.configRefused = registry
      .counter({
        ...number,
        name: 'remora_config_versions_refused_total',
        help: 'Versions of destinations that could not be compiled; the last good one stayed.',
      })
      .bind({});
    this.configConnects = registry
      .counter({
        ...number,
        name: 'remora_config_connects_total',
        help: 'Attempts to open the stream to the control plane.',
      })
      .bind({});
    this.configConnected = registry
      .gauge({
        ...number,
        name: 'remora_config_connected',
        help: 'Whether the stream to the control plane is open: 1 or 0.',
      })
      .bind({});
    this.loopDelay = registry
      .gauge({
        ...number,
        name: 'remora_event_loop_delay_seconds',
        help: 'How long the event loop took to come round when this scrape began.',
      })
      .bind({});
    this.#readCounts(sources);
    this.#readProcess();
  }

  /** The series of these labels, in use by one more. `shown`: exposed at 0 before any request. */
  bindRouteSeries(labels: RouteLabels, shown = true): RouteSeries {
    const key = Object.values(labels).join('\n');
    let series = this.#routeSeries.get(key);
    if (series === undefined) {
      series = new RouteSeries(labels, this.#routes);
      this.#routeSeries.set(key, series);
    }
    series.uses++;
    if (shown) series.show();
    return series;
  }

  releaseRouteSeries(series: RouteSeries): void {
    series.uses--;
    if (series.uses === 0) series.idleSinceMs = this.#clock.nowMs();
  }

  /** Drops series that nothing has used for long. Not for the hot path. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, series] of this.#routeSeries) {
      if (!series.isIdle(nowMs)) continue;
      series.drop();
      this.#routeSeries.delete(key);
    }
    this.registry.sweep(nowMs);
  }

  /** Another attempt followed, or was denied: a RETRY says why. */
  decidedRetry(reason: number): void {
    this.#retryReasons[reason]!.inc();
  }

  /** What became of a request with an Idempotency-Key. */
  endedDuplicate(end: DuplicateEnd): void {
    this.#duplicateEnds.get(end)!.inc();
  }

  /** Remora answered itself. */
  refused(code: ErrorCode): void {
    this.#refused.get(code)!.inc();
  }

  #readCounts({ counts, duplicates, downstreamConnections, logLinesDropped }: MetricSources): void {
    const { registry } = this;
    const gauge = (name: string, help: string, read: () => number): void =>
      registry.read({ name, help, type: 'gauge', read });
    const counter = (name: string, help: string, read: () => number): void =>
      registry.read({ name, help, type: 'counter', read });
    gauge('remora_exchanges_in_flight', 'Requests under way.', () => counts.inFlight);
    gauge('remora_downstream_connections', 'Connections from clients.', downstreamConnections);
    gauge(
      'remora_upstream_connections',
      'Connections to endpoints, those being opened included.',
      () => counts.upstreamConnections,
    );
    counter('remora_connects_total', 'Connections begun to endpoints.', () => counts.connects);
    counter(
      'remora_connect_failures_total',
      'Connections to endpoints that were refused or timed out.',
      () => counts.connectFailures,
    );
    counter('remora_hedges_total', 'Second attempts beside a slow first one.', () => counts.hedges);
    counter(
      'remora_deadlines_malformed_total',
      'Requests whose x-remora-deadline-ms was no number, and was ignored.',
      () => counts.deadlinesMalformed,
    );
    counter(
      'remora_clients_gone_total',
      'Requests whose client left before the answer was whole.',
      () => counts.clientsGone,
    );
    counter('remora_mirrored_total', 'Copies of requests sent to mirrors.', () => counts.mirrored);
    counter(
      'remora_mirrors_dropped_total',
      'Copies not sent: the body was too large, or too many were under way.',
      () => counts.mirrorsDropped,
    );
    gauge('remora_mirrors_active', 'Copies under way.', () => counts.mirrorsActive);
    gauge(
      'remora_duplicates_stored_bytes',
      'Answers kept for requests that come again.',
      () => duplicates.storedBytes,
    );
    counter(
      'remora_duplicates_evicted_total',
      'Kept answers that were let go before their time, for newer ones.',
      () => duplicates.evictions,
    );
    counter(
      'remora_log_lines_dropped_total',
      'Log lines that nobody read in time.',
      logLinesDropped,
    );
    gauge(
      'remora_config_generation_age_seconds',
      'Since the last version of a destination came into force; 0 before the first.',
      () =>
        this.configAppliedAtMs === 0
          ? 0
          : (this.#clock.nowMs() - this.configAppliedAtMs) / MS_PER_SECOND,
    );
    gauge('remora_metric_series', 'Series of all metrics with labels.', () => registry.size);
  }

  #readProcess(): void {
    const { registry } = this;
    registry.read({
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      help: 'Resident memory of this process.',
      read: () => process.memoryUsage.rss(),
    });
    registry.read({
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'User and system time spent.',
      read: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
    });
    registry.read({
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'When this process started, in seconds since 1970.',
      read: () => performance.timeOrigin / MS_PER_SECOND,
    });
    registry.read({
      name: 'remora_event_loop_active_seconds_total',
      type: 'counter',
      help: 'Time that the event loop was not waiting.',
      read: () => performance.eventLoopUtilization().active / MS_PER_SECOND,
    });
  }
}

const MS_PER_SECOND = 1_000;

function duplicateEnds(registry: Registry): ReadonlyMap<DuplicateEnd, Series> {
  const ends = registry.counter({
    name: 'remora_duplicates_total',
    help: 'Requests with an Idempotency-Key of rules with duplicates, by what became of them.',
    labels: { end: DUPLICATE_ENDS },
  });
  return new Map(DUPLICATE_ENDS.map((end) => [end, ends.bind({ end })]));
}

function retryReasons(registry: Registry): readonly Series[] {
  const made = registry.counter({
    name: 'remora_retries_total',
    help: 'Attempts after the first, by why the one before had failed.',
    labels: { reason: RETRY_WORDS.filter((_, reason) => isRetry(reason)) },
  });
  const denied = registry.counter({
    name: 'remora_retries_denied_total',
    help: 'Failed attempts that none followed, by why not.',
    labels: { reason: RETRY_WORDS.filter((_, reason) => !isRetry(reason)) },
  });
  return RETRY_WORDS.map((word, reason) => {
    return (isRetry(reason) ? made : denied).bind({ reason: word });
  });
}
