/**
 * A rule's matches, as the proxy reads them.
 *
 * Pure. Called by `proxy-config.ts`, `inbound-rules.ts` and `failure-config.ts`.
 */
import type { RouteMatch, ValueMatch } from '@remora/api/config/objects.ts';
import type { MatchConfig, ValueMatchConfig } from '@remora/api/wire.ts';
import type { Rule } from './route.ts';

/** Of one rule, which without matches matches everything. `at`: its index among the rules. */
export function matchConfigs(rule: Rule, at: number): readonly MatchConfig[] {
  if (rule.isDropped === true) return [];
  const { matches = [] } = rule;
  return matches.length === 0 ? [everything(at)] : matches.map((match) => matchConfig(match, at));
}

function matchConfig(match: RouteMatch, rule: number): MatchConfig {
  return {
    rule,
    path: pathMatch(match.path),
    method: match.method ?? null,
    headers: (match.headers ?? []).map(headerMatch),
    query: (match.query ?? []).map(valueMatch),
    source: sourceMatch(match.source),
  };
}

export function everything(rule: number): MatchConfig {
  return { rule, path: null, method: null, headers: [], query: [], source: null };
}

export function headerMatch(header: ValueMatch): ValueMatchConfig {
  return { ...valueMatch(header), name: header.name.toLowerCase() };
}

function pathMatch(path: RouteMatch['path']): MatchConfig['path'] {
  if (path?.exact !== undefined) return { type: 'exact', value: path.exact };
  if (path?.regex !== undefined) return { type: 'regex', value: path.regex };
  if (path?.prefix !== undefined) return { type: 'prefix', value: path.prefix };
  return null;
}

function valueMatch({ name, exact, regex }: ValueMatch): ValueMatchConfig {
  if (exact !== undefined) return { name, type: 'exact', value: exact };
  if (regex !== undefined) return { name, type: 'regex', value: regex };
  return { name, type: 'present', value: '' };
}

function sourceMatch(source: RouteMatch['source']): MatchConfig['source'] {
  if (source === undefined) return null;
  return {
    ...(source.namespace !== undefined && { namespace: source.namespace }),
    ...(source.workload !== undefined && { workload: source.workload }),
  };
}
