/**
 * The questions people ask of metrics, each as PromQL: docs/metrics.md prints this table, and
 * test/e2e/prometheus.test.ts puts every one of them to a real Prometheus and compares the answer
 * with what was sent.
 *
 * Pure. The window is `1m` in all of them; the test shortens it.
 */

interface MetricQuery {
  readonly asks: string;
  readonly query: string;
}

export const QUERIES = {
  successByRoute: {
    asks: 'Success rate by route, as callers see it',
    query: `sum by (route) (
  rate(response_total{direction="outbound",classification!="failure"}[1m]))
/ sum by (route) (rate(response_total{direction="outbound"}[1m]))`,
  },
  requestsByVersion: {
    asks: 'Requests per second by version: each backend of a route is one',
    query: 'sum by (backend) (rate(request_total{direction="outbound"}[1m]))',
  },
  wantedSplit: {
    asks: 'The split as configured',
    query: 'max by (dst_service, route, backend) (remora_split_wanted_ratio)',
  },
  realisedSplit: {
    asks: 'The split as it turned out over the window, by route and backend',
    query: `sum by (route, backend) (rate(request_total{direction="outbound"}[1m]))
/ on (route) group_left
sum by (route) (rate(request_total{direction="outbound"}[1m]))`,
  },
  p99ByRoute: {
    asks: 'p99 by route, in milliseconds, estimated within its bucket',
    query: `histogram_quantile(0.99,
  sum by (route, le) (rate(response_latency_ms_bucket{direction="outbound"}[1m])))`,
  },
  withinHalfSecond: {
    asks: 'Share of requests answered within 500 ms, by route: exact, since it is a bound',
    // Prometheus 3 makes `500.0` of it.
    query: `sum by (route) (
  rate(response_latency_ms_bucket{direction="outbound",le=~"500|500[.]0"}[1m]))
/ sum by (route) (rate(response_latency_ms_count{direction="outbound"}[1m]))`,
  },
  retryRate: {
    asks: 'Retries per request: what the retries add to the load',
    query: `sum(rate(remora_retries_total[1m]))
/ sum(rate(request_total{direction="outbound"}[1m]))`,
  },
  shedRate: {
    asks: 'Requests per second that admission refused, by backend and why',
    query: 'sum by (backend, reason) (rate(remora_shed_total[1m])) > 0',
  },
  refusedByCode: {
    asks: 'Requests per second that Remora answered itself, by [code](errors.md)',
    query: 'sum by (code) (rate(remora_refused_total[1m])) > 0',
  },
  inboundByStatus: {
    asks: 'Requests per second of each workload by method and status, in the plain dialect',
    query: `sum by (deployment, method, status)
  (rate(http_request_duration_seconds_count[1m]))`,
  },
  flaggerSuccess: {
    asks: "Flagger's `request-success-rate` for Linkerd, of one deployment, in percent",
    query: `sum(rate(response_total{namespace="shop",deployment=~"app-v1",
  classification!="failure",direction="inbound"}[1m]))
/ sum(rate(response_total{namespace="shop",deployment=~"app-v1",direction="inbound"}[1m])) * 100`,
  },
  flaggerDuration: {
    asks: "Flagger's `request-duration` for Linkerd: p99 in milliseconds",
    query: `histogram_quantile(0.99, sum(rate(response_latency_ms_bucket{namespace="shop",
  deployment=~"app-v1",direction="inbound"}[1m])) by (le))`,
  },
} as const satisfies Record<string, MetricQuery>;

export type QueryName = keyof typeof QUERIES;
