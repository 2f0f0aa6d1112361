/**
 * The kind TrafficRoute: which requests for a Service go where.
 *
 * Semantics are the Gateway API's for meshes; the spelling is shorter. What may not stand together
 * in a rule is refused here, with the field to drop, and by the API server with the same sentence.
 * A rule that leads nowhere is accepted and answers 500, as the Gateway API says.
 *
 * Pure. Used by `objects.ts`.
 */
import { z } from 'zod';
import { mirror, routeBackend, sticky } from './backends.ts';
import { headerEdits } from './header-edits.ts';
import { routeMatch } from './matches.ts';
import { metadata, targetRef } from './metadata.ts';
import { ruleTimeouts } from './resilience-policy.ts';
import { redirect, rewrite } from './rewrites.ts';
import { list, mistaken, text } from './setting.ts';

const RULES_MAX = 64;
const MATCHES_MAX = 64;
const BACKENDS_MAX = 32;
const MIRRORS_MAX = 4;

const ONE_PLACE = 'at most one of backends and redirect may be given';
const NO_REWRITE =
  'a redirect has a path and a hostname of its own: rewrite cannot stand beside it';
const PREFIX_ONLY = 'an exact or regex path has no prefix that path.prefix could replace';
const NAMES_DIFFER = 'two rules have the same name';

const fields = {
  name: text({
    pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    lengthMax: 63,
    what: 'a name of a-z, 0-9 and "-"',
    example: 'canary',
    default: 'the index of the rule',
    doc: 'A label in metrics and logs.',
  }).optional(),
  matches: list(routeMatch, {
    max: MATCHES_MAX,
    doc: 'The requests that the rule is for: any of these.',
    default: 'every request',
  }).optional(),
  backends: list(routeBackend, {
    max: BACKENDS_MAX,
    doc: 'Where they go, by weight. With neither backends nor a redirect they are answered 500.',
  }).optional(),
  sticky: sticky.optional(),
  mirror: list(mirror, { max: MIRRORS_MAX, doc: 'Where copies go.', default: 'none' }).optional(),
  rewrite: rewrite.optional(),
  redirect: redirect.optional(),
  requestHeaders: headerEdits('Changes the requests.').optional(),
  responseHeaders: headerEdits('Changes the responses.').optional(),
  timeouts: ruleTimeouts.optional(),
};

const routeRule = z
  .object(fields)
  .superRefine((rule, context) => {
    if (rule.backends !== undefined && rule.redirect !== undefined) {
      mistaken(context, `${ONE_PLACE}, but both are`, 'Keep one of them', ['redirect']);
    }
    if (rule.redirect !== undefined && rule.rewrite !== undefined) {
      mistaken(context, NO_REWRITE, 'Write it under redirect', ['rewrite']);
    }
    for (const name of ['rewrite', 'redirect'] as const) {
      if (rule[name]?.path?.prefix === undefined || matchesPrefixes(rule.matches)) continue;
      const remedy = 'Match by path.prefix in this rule, or use path.full';
      mistaken(context, PREFIX_ONLY, remedy, [name, 'path', 'prefix']);
    }
  })
  .meta({
    description: 'Some requests, and what becomes of them.',
    'x-kubernetes-validations': [
      { rule: '!(has(self.backends) && has(self.redirect))', message: ONE_PLACE },
      { rule: '!(has(self.redirect) && has(self.rewrite))', message: NO_REWRITE },
      { rule: prefixRule('rewrite'), message: PREFIX_ONLY },
      { rule: prefixRule('redirect'), message: PREFIX_ONLY },
    ],
  });

function matchesPrefixes(
  matches: readonly { path?: { prefix?: string | undefined } | undefined }[] | undefined,
): boolean {
  // No path is the prefix /.
  return (matches ?? []).every(({ path }) => path === undefined || path.prefix !== undefined);
}

function prefixRule(name: string): string {
  const self = `self.${name}`;
  const replaces = `has(${self}) && has(${self}.path) && has(${self}.path.prefix)`;
  const every = 'self.matches.all(match, !has(match.path) || has(match.path.prefix))';
  return `!(${replaces}) || !has(self.matches) || ${every}`;
}

export const trafficRoute = z
  .object({
    kind: z.literal('TrafficRoute'),
    metadata,
    spec: z.object({
      targetRef,
      rules: list(routeRule, {
        max: RULES_MAX,
        doc: 'The most specific match of all rules wins, whatever their order.',
      })
        .min(1)
        .superRefine((rules, context) => {
          const seen = new Set<string>();
          for (const [index, { name }] of rules.entries()) {
            if (name === undefined) continue;
            if (seen.has(name)) mistaken(context, NAMES_DIFFER, 'Rename one', [index, 'name']);
            seen.add(name);
          }
        }),
    }),
  })
  .meta({ description: 'Which requests for a Service go where.' });

export type RouteRule = z.infer<typeof routeRule>;
export type TrafficRoute = z.infer<typeof trafficRoute>;
