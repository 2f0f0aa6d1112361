/**
 * What may not stand together in one rule of a route, each with the field to drop: checked here,
 * and by the API server with the same sentence.
 *
 * Pure. Used by `traffic-route.ts`.
 */
import type { z } from 'zod';
import { has, type ServerRule } from './choices.ts';
import { mistaken } from './setting.ts';

interface WrittenRewrite {
  readonly path?: { readonly prefix?: string | undefined } | undefined;
}

/** Of a rule what the relations read; what is wrong in itself arrives here unread. */
interface WrittenRule {
  readonly matches?:
    | readonly { path?: { prefix?: string | undefined } | undefined; source?: object | undefined }[]
    | undefined;
  readonly backends?: readonly object[] | undefined;
  readonly rewrite?: WrittenRewrite | undefined;
  readonly redirect?: WrittenRewrite | undefined;
  readonly timeouts?: { readonly requestMs?: unknown; readonly perTryMs?: unknown } | undefined;
  readonly hedge?: { readonly afterMs?: unknown } | undefined;
  readonly duplicates?: object | undefined;
  readonly [field: string]: unknown;
}

const ONE_PLACE = 'at most one of backends and redirect may be given';
const NO_REWRITE =
  'a redirect has a path and a hostname of its own: rewrite cannot stand beside it';
const PREFIX_ONLY = 'an exact or regex path has no prefix that path.prefix could replace';
const FOR_BACKENDS = [
  'retries',
  'hedge',
  'breaker',
  'spillover',
  'fallback',
  'duplicates',
] as const;
const NO_BACKENDS = `a redirect asks no backend: ${FOR_BACKENDS.join(', ')} cannot stand beside it`;
const HEDGE_TOO_LATE = 'hedge.after is not shorter than the timeouts, so no hedge would be sent';
const CALLER_UNKNOWN =
  'duplicates are found beside the instance, where a match by source cannot be told';

type Context = z.core.$RefinementCtx;

export function checkRelations(rule: WrittenRule, context: Context): void {
  checkRedirect(rule, context);
  for (const name of ['rewrite', 'redirect'] as const) {
    if (rule[name]?.path?.prefix === undefined || matchesPrefixes(rule.matches)) continue;
    const remedy = 'Match by path.prefix in this rule, or use path.full';
    mistaken(context, PREFIX_ONLY, remedy, [name, 'path', 'prefix']);
  }
  if (hedgeTooLate(rule)) {
    const remedy = 'Make it shorter than timeouts.perTry and timeouts.request';
    mistaken(context, HEDGE_TOO_LATE, remedy, ['hedge', 'after']);
  }
  if (rule.duplicates !== undefined && rule.matches?.some(({ source }) => source !== undefined)) {
    const remedy = 'Give the rule other matches, or leave duplicates out';
    mistaken(context, CALLER_UNKNOWN, remedy, ['duplicates']);
  }
}

function checkRedirect(rule: WrittenRule, context: Context): void {
  if (rule.redirect === undefined) return;
  if (rule.backends !== undefined) {
    mistaken(context, `${ONE_PLACE}, but both are`, 'Keep one of them', ['redirect']);
  }
  if (rule.rewrite !== undefined) {
    mistaken(context, NO_REWRITE, 'Write it under redirect', ['rewrite']);
  }
  for (const name of FOR_BACKENDS) {
    if (rule[name] !== undefined) mistaken(context, NO_BACKENDS, `Leave ${name} out`, [name]);
  }
}

function matchesPrefixes(matches: WrittenRule['matches']): boolean {
  // No path is the prefix /.
  return (matches ?? []).every(({ path }) => path === undefined || path.prefix !== undefined);
}

function hedgeTooLate({ hedge, timeouts }: WrittenRule): boolean {
  const afterMs = hedge?.afterMs;
  if (typeof afterMs !== 'number') return false;
  return [timeouts?.perTryMs, timeouts?.requestMs].some((ms) => {
    return typeof ms === 'number' && ms > 0 && afterMs >= ms;
  });
}

function prefixRule(name: string): string {
  const self = `self.${name}`;
  const replaces = `has(${self}) && has(${self}.path) && has(${self}.path.prefix)`;
  const every = 'self.matches.all(match, !has(match.path) || has(match.path.prefix))';
  return `!(${replaces}) || !has(self.matches) || ${every}`;
}

function hedgeRule(name: string): string {
  const timeout = `self.timeouts.${name}`;
  const unsaid = `!has(self.timeouts) || !has(${timeout})`;
  const unbounded = `duration(${timeout}) == duration('0s')`;
  const sooner = `duration(self.hedge.after) < duration(${timeout})`;
  return `!has(self.hedge) || ${unsaid} || ${unbounded} || ${sooner}`;
}

export const RELATIONS: readonly ServerRule[] = [
  { rule: '!(has(self.backends) && has(self.redirect))', message: ONE_PLACE },
  { rule: '!(has(self.redirect) && has(self.rewrite))', message: NO_REWRITE },
  {
    rule: `!has(self.redirect) || !(${FOR_BACKENDS.map(has).join(' || ')})`,
    message: NO_BACKENDS,
  },
  { rule: prefixRule('rewrite'), message: PREFIX_ONLY },
  { rule: prefixRule('redirect'), message: PREFIX_ONLY },
  { rule: hedgeRule('perTry'), message: HEDGE_TOO_LATE },
  { rule: hedgeRule('request'), message: HEDGE_TOO_LATE },
  {
    rule:
      '!has(self.duplicates) || !has(self.matches) || ' +
      'self.matches.all(match, !has(match.source))',
    message: CALLER_UNKNOWN,
  },
];
