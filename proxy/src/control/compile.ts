/**
 * A destination's configuration becomes what requests read: rules, their match table, series.
 *
 * Everything that can fail comes first; only then are the backends, which other destinations may
 * share, given their new endpoints, and breakers their settings. So a refused version changes
 * nothing. What a destination is bound to (backends, series, breakers) is collected while compiling
 * and let go as one.
 *
 * Pure: a generator that yields often, run in slices by `installer.ts`.
 */
import type { DestinationConfig, ProxyIdentity, RuleConfig } from '@remora/api/wire.ts';
import type { RuleBreakerConfig } from '@remora/api/wire-resilience.ts';
import type { Backend } from '../balance/backend.ts';
import { compileFaults } from '../resilience/fault.ts';
import type { RuleBreaker } from '../resilience/rule-breaker.ts';
import { PRIORITY } from '../resilience/ticket.ts';
import type { Destination, Rule, Target } from '../routing/compiled.ts';
import { encodeRedirect } from '../routing/redirect.ts';
import type { RegexCompiler } from '../routing/regex.ts';
import { encodeEdits, encodeRewrite } from '../routing/rewrite.ts';
import { compileRouteTable } from '../routing/route-table.ts';
import { Split } from '../routing/split.ts';
import type { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import type { RouteLabels, RouteSeries } from '../telemetry/route-series.ts';
import type { BackendRegistry } from './backend-registry.ts';
import type { BreakerRegistry } from './breaker-registry.ts';

export interface CompileContext {
  readonly identity: ProxyIdentity;
  readonly backends: BackendRegistry;
  readonly breakers: BreakerRegistry;
  readonly metrics: Pick<ProxyMetrics, 'bindRouteSeries' | 'releaseRouteSeries'>;
  readonly regex: RegexCompiler;
  /** An endpoint at an own listener would be dialled in a circle. */
  isOwnListener(address: string, port: number): boolean;
}

export interface Compiled {
  readonly destination: Destination;
  /** In the order of the configuration, the fallback last. */
  readonly rules: readonly Rule[];
  /** Of its targets, in the same order: a scrape need not look for them. */
  readonly breakers: readonly BoundBreaker[];
  /** Lets go of what it is bound to. Once, to its end, when it is no longer in force. */
  release(): Generator<void>;
}

/** Rules compiled between two yields. */
const RULES_PER_SLICE = 4;
const PORT_MAX = 65_535;

/** Throws an Error with the reason when the configuration cannot be served. */
export function* compileDestination(
  config: DestinationConfig,
  version: string,
  context: CompileContext,
): Generator<void, Compiled> {
  const draft = new Draft(config, context);
  try {
    refuseBadEndpoints(config, context);
    yield* draft.bindBackends();
    const rules: Rule[] = [];
    for (const [index, rule] of config.rules.entries()) {
      rules.push(draft.rule(rule));
      if (index % RULES_PER_SLICE === 0) yield;
    }
    const fallback = draft.rule(config.fallback);
    const table =
      config.matches === null ? null : yield* compileRouteTable(config.matches, rules, context);
    const unmatched = draft.series('', '', false);
    const { key, protocol } = config;
    const destination: Destination = { key, version, protocol, table, fallback, unmatched };
    draft.applyBreakers();
    yield* draft.applyBackends();
    return {
      destination,
      rules: [...rules, fallback],
      breakers: draft.breakers,
      release: () => draft.release(),
    };
  } catch (error) {
    yield* draft.release();
    throw error;
  }
}

/** Endpoints that cannot be dialled, and those that would be dialled in a circle. */
function refuseBadEndpoints(config: DestinationConfig, context: CompileContext): void {
  for (const backend of Object.values(config.backends)) {
    for (const { address, port, instance } of backend.endpoints) {
      if (!Number.isInteger(port) || port < 1 || port > PORT_MAX || address === '') {
        throw new Error(
          `endpoint ${instance} of ${backend.key} has no address: ${address}:${port}`,
        );
      }
      if (!context.isOwnListener(address, port)) continue;
      const what = `endpoint ${instance} of ${backend.key}`;
      throw new Error(`${what} is this proxy's own outbound listener, ${address}:${port}`);
    }
  }
}

export interface BoundBreaker {
  readonly key: string;
  readonly breaker: RuleBreaker;
  readonly config: RuleBreakerConfig;
  /** Of the target behind it. */
  readonly series: RouteSeries;
}

/** What a destination is bound to, while it is compiled and while it is in force. */
class Draft {
  readonly breakers: BoundBreaker[] = [];
  readonly #config: DestinationConfig;
  readonly #context: CompileContext;
  readonly #backends = new Map<string, Backend>();
  readonly #series: RouteSeries[] = [];

  constructor(config: DestinationConfig, context: CompileContext) {
    this.#config = config;
    this.#context = context;
  }

  *bindBackends(): Generator<void> {
    let bound = 0;
    for (const key of Object.keys(this.#config.backends)) {
      this.#backends.set(key, this.#context.backends.acquire(key));
      if (++bound % RULES_PER_SLICE === 0) yield;
    }
  }

  *applyBackends(): Generator<void> {
    for (const backend of Object.values(this.#config.backends)) {
      this.#context.backends.apply(backend);
      yield;
    }
  }

  applyBreakers(): void {
    for (const { breaker, config } of this.breakers) breaker.apply(config);
  }

  rule(config: RuleConfig): Rule {
    const targets = config.backends.map((_, index) => this.#target(config, index));
    const splits = config.backends.map(({ backend, weight }, index) => ({
      key: backend ?? `invalid ${index}`,
      weight,
    }));
    return {
      id: config.id,
      invalid: config.invalid,
      targets,
      split: new Split(splits, config.sticky),
      needsPeer: this.#needsPeer(config),
      redirect: config.redirect === null ? null : encodeRedirect(config.redirect),
      rewrite: config.rewrite === null ? null : encodeRewrite(config.rewrite),
      mirrors: config.mirrors.map(({ backend, percent }) => ({
        backend: this.#backendOf(backend),
        percent,
      })),
      retry: config.retry,
      hedge: config.hedge,
      faults: compileFaults(config.faults, this.#context.regex),
      priority: PRIORITY[config.priority],
      duplicates: null,
      spillover: config.spillover,
      fallback: config.fallback === null ? null : this.#fallback(config, config.fallback),
      requestTimeoutMs: config.timeouts.requestMs,
      perTryTimeoutMs: config.timeouts.perTryMs,
      series: this.series(config.id, '', false),
    };
  }

  /** `shown`: at 0 before the first request; what seldom counts is shown when it first does. */
  series(route: string, backend: string, shown: boolean): RouteSeries {
    const { name, namespace, port } = this.#config;
    const labels: RouteLabels = {
      direction: 'outbound',
      dst_service: name,
      dst_namespace: namespace,
      dst_port: String(port),
      route,
      backend,
    };
    const series = this.#context.metrics.bindRouteSeries(labels, shown);
    this.#series.push(series);
    return series;
  }

  *release(): Generator<void> {
    const { backends, metrics, breakers } = this.#context;
    for (const key of this.#backends.keys()) {
      backends.release(key);
      yield;
    }
    for (const series of this.#series) {
      metrics.releaseRouteSeries(series);
      yield;
    }
    for (const { key } of this.breakers) {
      breakers.release(key);
      yield;
    }
  }

  #target(rule: RuleConfig, index: number): Target {
    const config = rule.backends[index]!;
    const { backend } = config;
    const series = this.series(rule.id, backend ?? 'invalid', config.weight > 0);
    return {
      backend: backend === null ? null : this.#backendOf(backend),
      invalid: config.invalid,
      weight: config.weight,
      breaker: backend === null ? null : this.#breaker(rule, backend, series),
      requestEdits: encodeEdits(rule.requestHeaders, config.requestHeaders),
      responseEdits: encodeEdits(rule.responseHeaders, config.responseHeaders),
      series,
    };
  }

  #fallback(rule: RuleConfig, key: string): Target {
    const series = this.series(rule.id, key, false);
    return {
      backend: this.#backendOf(key),
      invalid: null,
      weight: 0,
      breaker: this.#breaker(rule, key, series),
      requestEdits: encodeEdits(rule.requestHeaders, null),
      responseEdits: encodeEdits(rule.responseHeaders, null),
      series,
    };
  }

  #breaker(rule: RuleConfig, backend: string, series: RouteSeries): RuleBreaker | null {
    if (rule.breaker === null) return null;
    const key = `${this.#config.key} ${rule.id} ${backend}`;
    const breaker = this.#context.breakers.acquire(key, rule.breaker);
    this.breakers.push({ key, breaker, config: rule.breaker, series });
    return breaker;
  }

  #backendOf(key: string): Backend {
    const backend = this.#backends.get(key);
    if (backend === undefined) throw new Error(`a rule names backend ${key}, which is missing`);
    return backend;
  }

  /** Chosen or balanced by the peer's address, which costs a system call to learn. */
  #needsPeer(rule: RuleConfig): boolean {
    if (rule.sticky?.key.type === 'peer') return true;
    const keys = [...rule.backends.map(({ backend }) => backend), rule.fallback];
    return keys.some((key) => {
      const balancer = key === null ? undefined : this.#config.backends[key]?.balancer;
      return balancer?.type === 'ring-hash' && balancer.hashKey?.type === 'peer';
    });
  }
}
