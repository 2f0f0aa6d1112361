/**
 * One rule of a route, as the proxy reads it: every reference resolved or refused with its reason,
 * every default applied.
 *
 * A rule that nothing can serve (no backend, or every weight 0) is configured as such and answers
 * 500: leaving it out would hand its requests to the next rule, which nobody asked for.
 *
 * Pure. Called by `proxy-config.ts`.
 */
import { ruleDefaults } from '@remora/api/resilience-defaults.ts';
import type {
  HeaderEdits,
  PathRewrite,
  RouteBackend,
  RouteRule,
  Sticky,
  TrafficRoute,
} from '@remora/api/config/objects.ts';
import type {
  HeaderEditsConfig,
  PathRewriteConfig,
  RedirectConfig,
  RewriteConfig,
  RuleConfig,
  StickyConfig,
  WeightedBackendConfig,
} from '@remora/api/wire.ts';
import type { Facts } from '../world.ts';
import { failureConfig } from './failure-config.ts';
import { hashKey } from './hash-key.ts';
import { over } from './layers.ts';
import type { RuleSettings } from './policy.ts';
import { resolve } from './references.ts';

/** Where a rule stands: what its references and its defaults depend on. */
export interface RulePlace {
  readonly world: Facts;
  readonly route: TrafficRoute;
  readonly index: number;
  readonly targetPort: number;
  /** Of the Service: what the rule's own override. */
  readonly settings: RuleSettings;
}

/** What everything goes to while no route is attached. */
export function fallbackRule(key: string, settings: RuleSettings): RuleConfig {
  return {
    id: 'default',
    ...ruleDefaults,
    ...settings,
    backends: [
      { backend: key, invalid: null, weight: 1, requestHeaders: null, responseHeaders: null },
    ],
  };
}

/** The same at the caller and at the application: metrics and logs of both name the rule by it. */
export function ruleId({ metadata, spec }: TrafficRoute, index: number): string {
  return `${metadata.name}/${spec.rules[index]?.name ?? index}`;
}

export function ruleConfig(rule: RouteRule, place: RulePlace): RuleConfig {
  const { route, index, settings } = place;
  const backends = (rule.backends ?? []).map((backend) => weightedBackend(backend, place));
  return {
    id: ruleId(route, index),
    invalid: unservable(rule),
    backends,
    sticky: stickyConfig(rule.sticky, route),
    redirect: redirectConfig(rule.redirect),
    rewrite: rewriteConfig(rule.rewrite),
    mirrors: mirrors(rule, place),
    requestHeaders: headerEdits(rule.requestHeaders),
    responseHeaders: headerEdits(rule.responseHeaders),
    timeouts: over(settings.timeouts, rule.timeouts),
    ...failureConfig(rule, route, { retry: settings.retry, fallback: fallbackKey(rule, place) }),
  };
}

function weightedBackend(backend: RouteBackend, place: RulePlace): WeightedBackendConfig {
  const { key, invalid } = resolve(place.world, place.route, backend, place.targetPort);
  return {
    backend: key,
    invalid,
    weight: backend.weight ?? 1,
    requestHeaders: headerEdits(backend.requestHeaders),
    responseHeaders: headerEdits(backend.responseHeaders),
  };
}

/** Why the rule answers 500; null: it can be served. */
export function unservable({ backends = [], redirect }: RouteRule): string | null {
  if (redirect !== undefined) return null;
  if (backends.length === 0) return 'the rule has no backends';
  return backends.every(({ weight }) => weight === 0) ? 'every backend has weight 0' : null;
}

/** A mirror that leads nowhere is left out: it must not cost the request that it copies. */
function mirrors(rule: RouteRule, place: RulePlace): RuleConfig['mirrors'] {
  return (rule.mirror ?? []).flatMap((mirror) => {
    const { key } = resolve(place.world, place.route, mirror, place.targetPort);
    return key === null ? [] : [{ backend: key, percent: mirror.percent }];
  });
}

function fallbackKey({ fallback }: RouteRule, place: RulePlace): string | null {
  if (fallback === undefined) return null;
  return resolve(place.world, place.route, fallback, place.targetPort).key;
}

/** The route is the default salt, so that one user is not in the canary of every route. */
function stickyConfig(sticky: Sticky | undefined, { metadata }: TrafficRoute): StickyConfig | null {
  if (sticky === undefined) return null;
  const salt = sticky.salt ?? `${metadata.namespace}/${metadata.name}`;
  return { key: hashKey(sticky), salt };
}

function redirectConfig(redirect: RouteRule['redirect']): RedirectConfig | null {
  if (redirect === undefined) return null;
  return {
    status: redirect.status ?? 302,
    scheme: redirect.scheme ?? null,
    hostname: redirect.hostname ?? null,
    port: redirect.port ?? null,
    path: pathRewrite(redirect.path),
  };
}

function rewriteConfig(rewrite: RouteRule['rewrite']): RewriteConfig | null {
  if (rewrite === undefined) return null;
  return { hostname: rewrite.hostname ?? null, path: pathRewrite(rewrite.path) };
}

function pathRewrite(path: PathRewrite | undefined): PathRewriteConfig | null {
  if (path?.full !== undefined) return { type: 'full', value: path.full };
  if (path?.prefix !== undefined) return { type: 'prefix', value: path.prefix };
  return null;
}

function headerEdits(edits: HeaderEdits | undefined): HeaderEditsConfig | null {
  if (edits === undefined) return null;
  return {
    set: Object.entries(edits.set ?? {}),
    add: Object.entries(edits.add ?? {}),
    remove: (edits.remove ?? []).map((name) => name.toLowerCase()),
  };
}
