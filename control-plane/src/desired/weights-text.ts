/**
 * The shares of a route's backends as short texts for `kubectl get`: wanted, and as counted.
 *
 * A printer column shows one field whole, so the text is made here: rule by rule, backend by
 * backend, both texts in the same order. A route of one rule, the usual case, needs no name of it.
 *
 * Pure: the counts come in. Called by the writer of statuses.
 */
import type { RouteRule, TrafficRoute } from '@remora/api/config/objects.ts';

/** The CRD's limit. */
const CHARACTERS_MAX = 1_024;
const DEFAULT_WEIGHT = 1;
const NOT_MEASURED = '-';

/** `catalog-v1 90%, catalog-v2 10%`; of several rules `canary: …; 1: …`. */
export function wantedText({ spec }: TrafficRoute): string {
  return joined(spec.rules, (rule) => {
    const weights = (rule.backends ?? []).map(({ weight }) => weight ?? DEFAULT_WEIGHT);
    const shares = sharesOf(weights) ?? weights.map(() => percent(0));
    const backends = (rule.backends ?? []).map(({ service }, at) => `${service} ${shares[at]}`);
    if (backends.length > 0) return backends.join(', ');
    return rule.redirect === undefined ? 'nowhere' : 'redirect';
  });
}

/** `counts`: of each rule the requests that each backend got, in the order of the object. */
export function realisedText(
  { spec }: TrafficRoute,
  counts: readonly (readonly number[])[],
): string {
  return joined(spec.rules, (rule, at) => {
    const requests = (rule.backends ?? []).map((_, backend) => counts[at]?.[backend] ?? 0);
    return sharesOf(requests)?.join(', ') ?? NOT_MEASURED;
  });
}

function joined(
  rules: readonly RouteRule[],
  textOf: (rule: RouteRule, index: number) => string,
): string {
  const texts = rules.map((rule, index) => {
    const name = rules.length === 1 ? '' : `${rule.name ?? index}: `;
    return name + textOf(rule, index);
  });
  const text = texts.join('; ');
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX - 1)}…`;
}

/** Null: all are 0, so there are no shares. */
function sharesOf(numbers: readonly number[]): string[] | null {
  const total = numbers.reduce((sum, each) => sum + each, 0);
  return total === 0 ? null : numbers.map((each) => percent((100 * each) / total));
}

/** One decimal where it says something; what is there at all is never shown as nothing. */
function percent(value: number): string {
  if (value > 0 && value < 0.05) return '<0.1%';
  return `${Number(value.toFixed(1))}%`;
}
