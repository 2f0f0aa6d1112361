/**
 * The ports of a sidecar and of the control plane, once: chart, injection and local mesh use these.
 *
 * Above 15,000, where other meshes put theirs, and clear of Istio's (15000-15090) and Linkerd's
 * (4143-4191), so that a pod that is moved between meshes is never half in both.
 *
 * Pure constants.
 */
export const ports = {
  /** Requests of the application. */
  outbound: 15_401,
  /** Requests for the application. */
  inbound: 15_402,
  /** Loopback only: /config /stats /explain /drain. */
  admin: 15_403,
  /** /live /ready /metrics, for kubelet and Prometheus. */
  metrics: 15_404,
  /** The control plane's stream to its proxies. */
  control: 15_410,
  /** The control plane's webhooks, for the API server. */
  webhook: 15_411,
  /** Loopback only: what `remora status`, `explain` and the others ask. */
  controlPages: 15_412,
  /** /live /ready /metrics of the control plane. */
  controlHealth: 15_413,
} as const;

/** Of others, where traces are looked for: OTLP's and Jaeger's own. */
export const collectorPorts = {
  /** Spans over HTTP. */
  otlpHttp: 4_318,
  /** Jaeger's page and query API. */
  jaegerQuery: 16_686,
} as const;
