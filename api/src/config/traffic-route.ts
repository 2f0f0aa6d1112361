/**
 * The kind TrafficRoute: which requests for a Service go where.
 *
 * Semantics are the Gateway API's for meshes; the spelling is shorter. A rule that leads nowhere is
 * accepted and answers 500, as the Gateway API says.
 *
 * Pure. Used by `objects.ts`.
 */
import { z } from 'zod';
import { duplicates, priority } from './admission.ts';
import { fallback, mirror, routeBackend, sticky } from './backends.ts';
import { breaker } from './breakers.ts';
import { faults } from './faults.ts';
import { headerEdits } from './header-edits.ts';
import { routeMatch } from './matches.ts';
import { metadata, targetRef } from './metadata.ts';
import { ruleTimeouts } from './resilience-policy.ts';
import { hedge, retries } from './retries.ts';
import { redirect, rewrite } from './rewrites.ts';
import { checkRelations, RELATIONS } from './rule-relations.ts';
import { flag, list, mistaken, text } from './setting.ts';

const RULES_MAX = 64;
const MATCHES_MAX = 64;
const BACKENDS_MAX = 32;
const MIRRORS_MAX = 4;

const PRODUCER_ONLY =
  "duplicates are found beside the instances, where only the Service's own namespace has a say";
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
  retries: retries("the Service's").optional(),
  hedge: hedge.optional(),
  faults: faults.optional(),
  breaker: breaker.optional(),
  spillover: flag({
    default: false,
    doc:
      'Whether the share of a backend that has no endpoints, or an open breaker, goes to the ' +
      'other backends instead of being answered 503.',
  }).optional(),
  fallback: fallback.optional(),
  priority: priority.optional(),
  duplicates: duplicates.optional(),
};

const routeRule = z.object(fields).superRefine(checkRelations).meta({
  description: 'Some requests, and what becomes of them.',
  'x-kubernetes-validations': RELATIONS,
});

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
  .superRefine(({ metadata: { namespace }, spec: { targetRef: target, rules } }, context) => {
    if (target.namespace === undefined || target.namespace === namespace) return;
    for (const [index, { duplicates: given }] of rules.entries()) {
      if (given === undefined) continue;
      const path = ['spec', 'rules', index, 'duplicates'];
      mistaken(context, PRODUCER_ONLY, `Move it to a route in ${target.namespace}`, path);
    }
  })
  .meta({ description: 'Which requests for a Service go where.' });

export type RouteRule = z.infer<typeof routeRule>;
export type TrafficRoute = z.infer<typeof trafficRoute>;
