/**
 * One full example for each kind, as the reference page shows it. A test parses them.
 *
 * Pure text. Used by `config-page.ts`.
 */
export const EXAMPLES: Readonly<Record<string, string>> = {
  TrafficRoute: `apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata: { name: catalog, namespace: shop }
spec:
  targetRef: { kind: Service, name: catalog, port: 80, namespace: shop }
  rules:
    - name: canary
      matches:
        - path: { prefix: /items }
          method: GET
          headers: [{ name: x-tier, regex: "^(gold|silver)$" }, { name: x-user, present: true }]
          query: [{ name: q, exact: "1" }]
          source: { namespace: shop, workload: storefront }
      backends:
        - { service: catalog-v1, namespace: shop, port: 80, weight: 90 }
        - service: catalog-v2
          weight: 10
          requestHeaders: { set: { x-canary: "1" } }
          responseHeaders: { add: { x-version: v2 } }
      sticky: { header: x-user, salt: spring }
      mirror: [{ service: catalog-v3, port: 80, namespace: shop, percent: 5 }]
      rewrite: { hostname: items.example, path: { prefix: /v2 } }
      requestHeaders: { set: { x-a: "1" }, add: { x-b: "2" }, remove: [x-c] }
      responseHeaders: { remove: [server] }
      timeouts: { request: 10s, perTry: 2s }
      retries: { attempts: 2, statuses: [502, 503], backoff: { base: 25ms, max: 250ms } }
      hedge: { after: 300ms }
      breaker: { failures: 5, cooldown: 2s }
      spillover: true
      fallback: { service: catalog-static, namespace: shop, port: 80 }
      priority: critical
    - name: game-day
      matches: [{ path: { prefix: /game-day } }]
      backends: [{ service: catalog-v1 }]
      faults:
        - { delay: 200ms, percent: 10 }
        - { abort: 503, percent: 5, cohort: { header: x-user, salt: game-day } }
        - { reset: true, percent: 1, header: { name: x-game-day, exact: "1" } }
        - { slowBody: 65536, percent: 0.5 }
    - name: orders
      matches: [{ path: { prefix: /orders }, method: POST }]
      backends: [{ service: catalog-v1 }]
      duplicates: { keep: 60s }
    - matches: [{ path: { exact: /old } }, { path: { regex: "^/o/[0-9]+$" } }]
      redirect:
        { status: 301, scheme: https, hostname: shop.example, port: 443, path: { full: /new } }
`,
  ResiliencePolicy: `apiVersion: remora.dev/v1alpha1
kind: ResiliencePolicy
metadata: { name: catalog, namespace: shop }
spec:
  targetRef: { kind: Service, name: catalog, port: 80, namespace: shop }
  timeouts: { connect: 500ms, request: 10s, perTry: 2s, idle: 30s }
  balancer: { type: ring-hash, hashKey: { cookie: session }, slowStart: 30s, decay: 10s }
  connections: { perEndpoint: 256, waiting: 1024 }
  retries: { attempts: 1, statuses: [503], backoff: { base: 25ms, max: 250ms } }
  retryBudget: { percent: 20, minPerSecond: 10 }
  ejection:
    failures: 7
    successPercent: 80
    latencyFactor: 0
    window: 10s
    requests: 20
    penalty: 1s
    penaltyMax: 60s
    percentMax: 50
    panicPercent: 0
  limits: { inFlight: 1024, waiting: 1024, wait: 500ms, adaptive: true }
  rateLimit:
    - { perSecond: 500, burst: 1000, all: true }
    - { perSecond: 5, header: x-user }
`,
  MeshConfig: `apiVersion: remora.dev/v1alpha1
kind: MeshConfig
metadata: { name: mesh }
spec:
  tracing: { collector: "http://jaeger-collector.observability:4318", sample: 0.1, slow: 500ms }
  defaults:
    timeouts: { connect: 1s, idle: 30s }
    balancer: { type: ewma, decay: 10s }
    connections: { perEndpoint: 256, waiting: 1024 }
    retries: { attempts: 1 }
    ejection: { percentMax: 50 }
`,
};
