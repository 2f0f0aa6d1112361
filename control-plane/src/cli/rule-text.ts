/**
 * A rule in words: what it matches, one line for each match, and where that goes.
 *
 * Pure. Called by the verb `routes`, and by `config-text.ts` for what a proxy has in force.
 */
import type { Rule } from '../desired/route.ts';

export type Match = NonNullable<Rule['matches']>[number];
type Value = NonNullable<Match['headers']>[number];

/** `canary: GET /items… header x-user=alice → catalog-v1 90, catalog-v2 10`. */
export function ruleLines(rule: Rule, index: number): string[] {
  const goal = goalText(rule);
  const name = rule.name ?? String(index);
  const matches = rule.matches ?? [];
  if (matches.length === 0) return [`${name}: everything → ${goal}`];
  return matches.map((match) => `${name}: ${matchText(match)} → ${goal}`);
}

/** One match, as it is written in a route. */
export function matchText({ path, method, headers, query, source }: Match): string {
  const parts = [
    method,
    path === undefined ? undefined : pathText(path),
    ...(headers ?? []).map((header) => `header ${valueText(header)}`),
    ...(query ?? []).map((parameter) => `query ${valueText(parameter)}`),
    source === undefined
      ? undefined
      : `from ${[source.namespace, source.workload].map((part) => part ?? 'any').join('/')}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? 'everything' : parts.join(' ');
}

function pathText({ exact, prefix, regex }: NonNullable<Match['path']>): string {
  if (exact !== undefined) return exact;
  return prefix === undefined ? `path ~ ${regex}` : `${prefix}…`;
}

function valueText({ name, exact, regex }: Value): string {
  if (exact !== undefined) return `${name}=${exact}`;
  return regex === undefined ? name : `${name} ~ ${regex}`;
}

function goalText({ backends, redirect }: Rule): string {
  if (redirect !== undefined) return `redirect ${redirect.status ?? ''}`.trim();
  const goals = (backends ?? []).map(({ service, namespace, weight }) => {
    const name = namespace === undefined ? service : `${service}.${namespace}`;
    return (backends ?? []).length === 1 ? name : `${name} ${weight ?? 1}`;
  });
  return goals.length === 0 ? 'nothing' : goals.join(', ');
}
