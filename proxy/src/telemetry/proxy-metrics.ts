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
import { registerBackendMetrics } from './backend-metrics.ts';
import { BY_NAME } from './family.ts';
import { REQUEST_SECONDS } from './latency-buckets.ts';
import type { MetricSources } from './metric-sources.ts';
import { METHOD_LABELS } from './plain-series.ts';
import { readAccounts, readConnections, readDataPath, readProcess } from './read-metrics.ts';
import { Registry } from './registry.ts';
import { type RouteFamilies, type RouteLabels, RouteSeries } from './route-series.ts';
import { registerRuleMetrics } from './rule-metrics.ts';
import type { Series } from './series.ts';
import { TcpMetrics } from './tcp-metrics.ts';
import { registerTraceMetrics } from './trace-counts.ts';

export type { RouteSeries } from './route-series.ts';

const ROUTE = {
  direction: ['inbound', 'outbound'],
  dst_service: BY_NAME,
  dst_namespace: BY_NAME,
  dst_port: BY_NAME,
  route: BY_NAME,
  backend: BY_NAME,
} as const;

const ANSWER = {
  ...ROUTE,
  status_code: BY_NAME,
  classification: ['success', 'failure'],
} as const;

export class ProxyMetrics {
  readonly registry = new Registry();
  readonly configApplied: Series;
  readonly configRefused: Series;
  readonly configConnects: Series;
  readonly configConnected: Series;
  readonly loopDelay: Series;
  /** Of connections passed on as bytes. */
  readonly tcp: TcpMetrics;
  /** When the last configuration was applied; 0: none yet. */
  configAppliedAtMs = 0;
  readonly #clock: Clock;
  readonly #routes: RouteFamilies;
  readonly #probes: RouteFamilies;
  readonly #routeSeries = new Map<string, RouteSeries>();
  readonly #refused = new Map<string, Series>();
  readonly #duplicateEnds: ReadonlyMap<DuplicateEnd, Series>;
  /** By RETRY. */
  readonly #retryReasons: readonly Series[];

  constructor(sources: MetricSources, clock: Clock) {
    this.#clock = clock;
    const { registry } = this;
    this.#routes = routeFamilies(registry);
    this.#probes = probeFamilies(registry);
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
    this.tcp = new TcpMetrics(registry, clock);
    readConnections(registry, sources);
    readDataPath(registry, sources);
    readAccounts(registry, sources);
    this.#readConfig();
    readProcess(registry);
    registerBackendMetrics(registry, sources, clock);
    registerRuleMetrics(registry, sources);
    registerTraceMetrics(registry, sources.counts.traces);
    registerApp(registry, sources);
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

  /**
   * Of kubelet's probes of a port, exposed from the first on. No requests of users: a canary that
   * fails every other one would look better for each probe that it answers.
   */
  newProbeSeries(labels: RouteLabels): RouteSeries {
    return new RouteSeries(labels, this.#probes);
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

  #readConfig(): void {
    this.registry.read({
      name: 'remora_config_generation_age_seconds',
      type: 'gauge',
      help: 'Since the last version of a destination came into force; 0 before the first.',
      read: () => {
        if (this.configAppliedAtMs === 0) return 0;
        return (this.#clock.nowMs() - this.configAppliedAtMs) / MS_PER_SECOND;
      },
    });
  }
}

const MS_PER_SECOND = 1_000;

function routeFamilies(registry: Registry): RouteFamilies {
  return {
    requests: registry.counter({
      name: 'request_total',
      help: 'Requests that ended, by destination, route and backend.',
      labels: ROUTE,
    }),
    responses: registry.counter({
      name: 'response_total',
      help: 'Answers, by status and by whether they count as failed.',
      labels: ANSWER,
    }),
    latency: registry.histogram({
      name: 'response_latency_ms',
      help: 'Milliseconds from the request head to the end of the answer.',
      labels: ROUTE,
    }),
    plain: registry.histogram(
      {
        name: 'http_request_duration_seconds',
        help: 'Inbound requests: seconds from the request head to the end of the answer.',
        labels: { method: METHOD_LABELS, status: BY_NAME },
      },
      REQUEST_SECONDS,
    ),
  };
}

function probeFamilies(registry: Registry): RouteFamilies {
  return {
    requests: registry.counter({
      name: 'remora_probe_requests_total',
      help: "Kubelet's HTTP probes of the application; not among the requests.",
      labels: ROUTE,
    }),
    responses: registry.counter({
      name: 'remora_probe_responses_total',
      help: 'Answers to them, by status and by whether they count as failed.',
      labels: ANSWER,
    }),
    latency: null,
    plain: null,
  };
}

/** How merging the application's own metrics goes, where that is asked for. */
function registerApp(registry: Registry, sources: MetricSources): void {
  registry.collect({
    name: 'remora_app_metrics_up',
    type: 'gauge',
    help: "With --app-metrics: whether the application's own metrics are on this page: 1 or 0.",
    labels: [],
    rows: () => {
      const app = sources.app();
      return app === null ? [] : [{ labels: [], value: Number(app.isUp) }];
    },
  });
  registry.collect({
    name: 'remora_app_metrics_families_dropped',
    type: 'gauge',
    help: 'With --app-metrics: metrics of the application whose names are taken here.',
    labels: [],
    rows: () => {
      const app = sources.app();
      return app === null ? [] : [{ labels: [], value: app.familiesDropped }];
    },
  });
}

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
