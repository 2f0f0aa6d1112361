/**
 * docs/metrics.md: every metric, from the registry itself, and the queries that are put to them.
 *
 * Pure, but that it makes a registry to ask. Called by `generated-files.ts`.
 */
import { systemClock } from '../proxy/src/clock.ts';
import * as limits from '../proxy/src/limits.ts';
import { idleSources } from '../proxy/src/telemetry/metric-sources.ts';
import { METHOD_LABELS } from '../proxy/src/telemetry/plain-series.ts';
import { ProxyMetrics } from '../proxy/src/telemetry/proxy-metrics.ts';
import type { MetricEntry } from '../proxy/src/telemetry/registry.ts';
import { QUERIES } from './metric-queries.ts';

const METHODS = METHOD_LABELS.map((word) => `\`${word}\``).join(', ');
const IDLE_MINUTES = limits.seriesIdleMs / 60_000;
const APP_SECONDS = limits.appMetricsTimeoutMs / 1_000;
const APP_MIB = limits.appMetricsBytesMax / 1024 / 1024;

const HEAD = `# Metrics

<!-- Written by \`npm run generate\` from proxy/src/telemetry. Do not edit. -->

What a sidecar exposes at \`/metrics\`, on its metrics listener and on its loopback admin listener.

- **Two dialects of requests.** Linkerd's (\`request_total\`, \`response_total\`,
  \`response_latency_ms\`), for both directions, so that dashboards and canary tools made for it
  work; and the plain one of applications (\`http_request_duration_seconds\`) for inbound requests,
  by \`status\` and \`method\`: ${METHODS}.
  Everything else is \`remora_*\` or \`process_*\`.
- **Two formats.** Prometheus text 0.0.4, and OpenMetrics 1.0.0 where the scraper's Accept names it,
  as Prometheus does. Only OpenMetrics carries exemplars: of each bucket the trace of the last
  request that failed, was slow or marked by a callee, or of a sampled one where the bucket's is
  older than ${limits.exemplarFreshSeconds} s; of at most ${limits.exemplarSeriesMax} series.
  Labels are the same in both.
- **Bounded.** A label with an empty value is left out. Of each metric at most
  ${limits.metricSeriesMax} series are kept: what comes later is counted in one whose labels are
  \`_overflow\`. A series that no configuration names is dropped after ${IDLE_MINUTES} minutes. Of
  one route at most ${limits.statusSeriesMax} statuses are told apart; the others are \`other\`.
- **There at 0.** What is configured or has a closed set of labels is exposed from the first scrape,
  a route's answers with the statuses 200, 500 and 503. Another status appears with its first
  answer, and \`rate\` does not see what was counted before the first scrape of a series.
- \`backend\` is a Service port (\`catalog-v1.shop:80\`); the application beside the sidecar is
  \`application\`, or \`application:8080\` for each of its ports where connections are intercepted.
  Endpoints are told apart by \`/stats\`, not here.
- Kubelet's HTTP probes, known by its \`User-Agent\` and the paths of the pod's probes, are counted
  in \`remora_probe_requests_total\` and are no requests: success rates and canary judgements are
  those of users.
- \`promtool check metrics\` has one thing to say: \`response_latency_ms\` abbreviates its unit.
  That is the name that Linkerd's dashboards ask for.

## All of them

| metric | type | labels | what it says |
|---|---|---|---|
`;

const LABELS = `
## Labels that Prometheus adds

A sidecar knows its Service and route, not the pod that it runs in. \`namespace\`, \`pod\` and
\`deployment\`, which Linkerd's dashboards and Flagger's queries select by, come from relabelling
the scrape target, as they do with Linkerd: [observe.md](observe.md#metrics-in-prometheus) has the
job, and the chart's PodMonitors do the same.

Compared with Linkerd: \`direction\`, \`classification\`, \`status_code\`, \`dst_service\`,
\`dst_namespace\` and the bounds of the buckets are the same. \`route\`, \`backend\` and
\`dst_port\` are Remora's. There is no \`authority\`, \`tls\` or \`client_id\`, the \`tcp_*\`
metrics have the labels above, and \`response_latency_ms\` has no \`status_code\`. An answer is a
\`failure\` from 500 on.

## The application's own

With \`--app-metrics PORT/PATH\` the application's page is fetched for each scrape and shown
behind ours, within ${APP_SECONDS} s (half the scraper's own time-out, if less) and ${APP_MIB} MiB.
When it cannot be had, \`remora_app_metrics_up\` is 0 and the rest of the page is as it was. No
metric comes twice: one whose name is in the table above is left out and counted in
\`remora_app_metrics_families_dropped\`. But \`process_*\` is then the application's alone.

## Queries

Each of these is put to a real Prometheus by a test, and compared with what was sent.
`;

export function metricsPage(): string {
  const { registry } = new ProxyMetrics(idleSources(), systemClock);
  return HEAD + registry.entries().map(rowOf).join('') + LABELS + queries();
}

function rowOf({ name, type, labels, help }: MetricEntry): string {
  const names = labels.map((label) => `\`${label}\``).join(' ');
  return `| \`${name}\` | ${type} | ${names} | ${help} |\n`;
}

function queries(): string {
  return Object.values(QUERIES)
    .map(({ asks, query }) => `\n${asks}:\n\n\`\`\`promql\n${query}\n\`\`\`\n`)
    .join('');
}
