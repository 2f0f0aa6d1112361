/**
 * Joins what is wanted with what is measured: one row per rule that some sidecar has used.
 *
 * Wanted weights and endpoints come from the compiled configuration, which is what the proxies were
 * sent, and never from the YAML: both would have to agree on every default.
 *
 * Pure. Called by `mesh.ts`.
 */
import type { DestinationConfig, RuleConfig } from '@remora/api/wire.ts';
import { compareText } from '../compare-text.ts';
import type { RouteStats } from './route-stats.ts';
import type { RouteView, ShareView } from './view-state.ts';

const HTTP_PORT = 80;

/** `used`: `destination key, rule id` pairs that were counted, in any order. */
export function routeViews(
  used: Iterable<readonly [destination: string, rule: string]>,
  compile: (destination: string) => DestinationConfig | null,
  stats: RouteStats,
): RouteView[] {
  const views = [...used].map(([destination, rule]) =>
    routeView(destination, rule, compile(destination), stats),
  );
  const nameOf = (view: RouteView) => `${view.destination} ${view.rule}`;
  return views.sort((a, b) => compareText(nameOf(a), nameOf(b)));
}

function routeView(
  key: string,
  rule: string,
  config: DestinationConfig | null,
  stats: RouteStats,
): RouteView {
  const found = [...(config?.rules ?? []), ...(config === null ? [] : [config.fallback])].find(
    ({ id }) => id === rule,
  );
  const weighted = found === undefined || config === null ? [] : wantedOf(found, config);
  const weights = weighted.map(({ backend, weight }) => `${backend} ${weight}`).join();
  const { shares, ...numbers } = stats.numbers(key, rule, weights);
  const isMeasured = shares.size > 0;
  return {
    ...numbers,
    destination: shortName(key, config?.namespace),
    rule: shortRule(rule, config),
    shares: weighted.map(({ backend, weight, endpoints }) => ({
      backend: shortName(backend, config?.namespace),
      weight,
      real: isMeasured ? (shares.get(backend) ?? 0) : null,
      endpoints,
    })),
  };
}

function wantedOf(rule: RuleConfig, config: DestinationConfig): Omit<ShareView, 'real'>[] {
  return rule.backends.map(({ backend, weight }) => ({
    backend: backend ?? 'invalid',
    weight,
    endpoints: backend === null ? 0 : (config.backends[backend]?.endpoints.length ?? 0),
  }));
}

/** `catalog.shop:80` is `catalog` among its own: what is usual is left out. */
function shortName(key: string, namespace: string | undefined): string {
  const [, name = key, owner = '', port = ''] = /^([^.:]+)\.([^.:]+):(\d+)$/.exec(key) ?? [];
  const from = owner === '' || owner === namespace ? name : `${name}.${owner}`;
  return port === '' || Number(port) === HTTP_PORT ? from : `${from}:${port}`;
}

/** Where no route is attached there is only one rule, and no need for its name. */
function shortRule(rule: string, config: DestinationConfig | null): string {
  return config !== null && rule === config.fallback.id && config.matches === null
    ? ''
    : (rule.split('/').at(-1) ?? rule);
}
