/**
 * Metrics of every rule in force: how it splits and how that turned out, its breakers, the version.
 *
 * The wanted share is the weight's. The realised one is of the requests since a scrape first saw
 * these weights: since the start it would tell of all that a rollout has been through, and over a
 * window PromQL can do it (docs/metrics.md has the query).
 *
 * Reads what is compiled. Registered by `proxy-metrics.ts`.
 */
import type { LiveEntry } from '../control/live.ts';
import { BREAKER } from '../resilience/rule-breaker.ts';
import type { Rule } from '../routing/compiled.ts';
import type { Row } from './collected.ts';
import type { MetricSources } from './metric-sources.ts';
import type { Registry } from './registry.ts';
import type { RouteSeries } from './route-series.ts';

const RULE_LABELS = ['dst_service', 'dst_namespace', 'dst_port', 'route', 'backend'];
/** By BREAKER. */
const BREAKER_WORDS = Object.keys(BREAKER).map((word) => word.toLowerCase());

/** What a target got until its share last changed. */
interface Memo {
  readonly share: number;
  readonly requestsBefore: number;
}

export function registerRuleMetrics(registry: Registry, sources: MetricSources): void {
  const memos = new WeakMap<RouteSeries, Memo>();
  registry.collect({
    name: 'remora_split_wanted_ratio',
    type: 'gauge',
    help: 'The share that a rule gives a backend by its weight.',
    labels: RULE_LABELS,
    *rows() {
      for (const shares of splits(sources.destinations())) {
        for (const [series, share] of shares) yield { labels: ruleLabels(series), value: share };
      }
    },
  });
  registry.collect({
    name: 'remora_split_realised_ratio',
    type: 'gauge',
    help: 'The share of its requests that it got since a scrape first saw these weights.',
    labels: RULE_LABELS,
    *rows() {
      for (const shares of splits(sources.destinations())) yield* realised(shares, memos);
    },
  });
  registry.collect({
    name: 'remora_rule_breakers',
    type: 'gauge',
    help: 'State of the breaker that a rule has for a backend: 1 for the state it is in, else 0.',
    labels: [...RULE_LABELS, 'state'],
    rows: () => breakerRows(sources.destinations()),
  });
  registry.collect({
    name: 'remora_config_version_info',
    type: 'gauge',
    help: 'The version of each destination that is in force; always 1.',
    labels: ['destination', 'version'],
    *rows() {
      // One that is reached by several addresses is there as often, and one row.
      const seen = new Set<string>();
      for (const { compiled } of sources.destinations()) {
        if (compiled === null) continue;
        const { key, version } = compiled.destination;
        if (seen.has(`${key} ${version}`)) continue;
        seen.add(`${key} ${version}`);
        yield { labels: [key, version], value: 1 };
      }
    },
  });
}

type Shares = ReadonlyMap<RouteSeries, number>;

/** Of each rule that splits. Targets of one backend are one; so are rules of one name. */
function* splits(entries: Iterable<LiveEntry>): Generator<Shares> {
  const seen = new Set<RouteSeries>();
  for (const rule of rulesOf(entries)) {
    const shares = new Map<RouteSeries, number>();
    const total = rule.targets.reduce((sum, { weight }) => sum + weight, 0);
    for (const { series, weight } of rule.targets) {
      if (total === 0 || (seen.has(series) && !shares.has(series))) continue;
      shares.set(series, (shares.get(series) ?? 0) + weight / total);
      seen.add(series);
    }
    yield shares;
  }
}

function* realised(shares: Shares, memos: WeakMap<RouteSeries, Memo>): Generator<Row<number>> {
  const isChanged = shares.entries().some(([series, share]) => memos.get(series)?.share !== share);
  let total = 0;
  for (const [series, share] of shares) {
    if (isChanged) memos.set(series, { share, requestsBefore: series.requests });
    total += gotSince(series, memos);
  }
  for (const series of shares.keys()) {
    const value = total === 0 ? 0 : gotSince(series, memos) / total;
    yield { labels: ruleLabels(series), value };
  }
}

function gotSince(series: RouteSeries, memos: WeakMap<RouteSeries, Memo>): number {
  return series.requests - memos.get(series)!.requestsBefore;
}

function* breakerRows(entries: Iterable<LiveEntry>): Generator<Row<number>> {
  const seen = new Set<RouteSeries>();
  for (const { compiled } of entries) {
    for (const { breaker, series } of compiled?.breakers ?? []) {
      if (seen.has(series)) continue;
      seen.add(series);
      for (const [state, word] of BREAKER_WORDS.entries()) {
        const value = Number(breaker.state === state);
        yield { labels: [...ruleLabels(series), word], value };
      }
    }
  }
}

function* rulesOf(entries: Iterable<LiveEntry>): Generator<Rule> {
  for (const { compiled } of entries) {
    if (compiled !== null) yield* compiled.rules;
  }
}

function ruleLabels({ labels }: RouteSeries): readonly string[] {
  const { dst_service, dst_namespace, dst_port, route, backend } = labels;
  return [dst_service, dst_namespace, dst_port, route, backend];
}
