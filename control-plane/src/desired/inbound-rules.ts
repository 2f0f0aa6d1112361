/**
 * Which requests are which where they arrive: the priority and the duplicates of routes' rules, and
 * the probes of kubelet before all of them.
 *
 * Matches are as requests arrive, after the rule's rewrite of the path; edits of headers are not
 * followed. A match by source is left out: who calls is unknown here before callers have an
 * identity. While no rule says anything there are no matches, and requests cost none.
 *
 * Pure. Called by `inbound-config.ts`.
 */
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { MatchConfig } from '@remora/api/wire.ts';
import {
  type InboundConfig,
  type InboundRuleConfig,
  PROBE_RULE,
} from '@remora/api/wire-resilience.ts';
import { createdAtMs } from './attachment.ts';
import { over } from './layers.ts';
import { everything, matchConfigs } from './match-config.ts';
import { byPrecedence, type RankedMatch } from './precedence.ts';
import type { Route, Rule } from './route.ts';
import { ruleId } from './rule-config.ts';

const PROBE: InboundRuleConfig = { id: PROBE_RULE, priority: 'critical', duplicates: null };

export function inboundTable(
  routes: readonly Route[],
  probePaths: readonly string[],
): Pick<InboundConfig, 'matches' | 'rules'> {
  const rules: InboundRuleConfig[] = [];
  const ranked = routes.flatMap((route) => rankedMatches(route, rules));
  const matches = ranked.sort(byPrecedence).map(({ match }) => match);
  if (probePaths.length > 0) {
    const rule = rules.push(PROBE) - 1;
    // Before all others: an instance that cannot say that it lives is ended, however busy it is.
    matches.unshift(...probePaths.map((path) => probeMatch(path, rule)));
  }
  return { matches: matches.length === 0 ? null : matches, rules };
}

/** Whether a route says anything to those who serve. */
export function speaksInbound({ rules }: Route): boolean {
  return rules.some(({ priority = 'default', duplicates }) => {
    return priority !== 'default' || duplicates !== undefined;
  });
}

/** Adds the rules of the route to `rules`. Those that say nothing shadow others, so they count. */
function rankedMatches(route: Route, rules: InboundRuleConfig[]): RankedMatch[] {
  const { namespace, name } = route.metadata;
  const from = { createdAtMs: createdAtMs(route), namespace, name, kind: route.kind };
  const ranked: RankedMatch[] = [];
  for (const [index, rule] of route.rules.entries()) {
    if (rule.redirect !== undefined) continue; // Its requests never arrive.
    const at = rules.push(inboundRule(rule, ruleId(route, index))) - 1;
    for (const match of arrivingMatches(rule, at)) {
      ranked.push({ ...from, match, order: ranked.length });
    }
  }
  return ranked;
}

function inboundRule({ priority, duplicates }: Rule, id: string): InboundRuleConfig {
  return {
    id,
    priority: priority ?? 'default',
    duplicates: duplicates === undefined ? null : over(resilienceDefaults.duplicates, duplicates),
  };
}

function arrivingMatches(rule: Rule, at: number): MatchConfig[] {
  const told = matchConfigs(rule, at).filter(({ source }) => source === null);
  const { full, prefix } = rule.rewrite?.path ?? {};
  if (full !== undefined) {
    return told.map((match) => ({ ...match, path: { type: 'exact', value: full } }));
  }
  if (prefix === undefined) return told;
  return told.map((match) => ({ ...match, path: { type: 'prefix', value: prefix } }));
}

function probeMatch(path: string, rule: number): MatchConfig {
  return { ...everything(rule), path: { type: 'exact', value: path }, method: 'GET' };
}
