/**
 * The rules of an HTTPRoute, in our own spelling, and what of them cannot be followed.
 *
 * Two ways out of a fault, as the Gateway API asks: a match that cannot be understood is dropped
 * and its requests are the other rules'; everything else wrong makes the rule answer 500, because
 * sending a request on without what was asked for is worse than a failure that says so. What has no
 * meaning here is ignored and said.
 *
 * Pure, and of the World independent. Called by `http-route.ts` and `http-conditions.ts`.
 */
import type { HttpRouteBackend, HttpRouteRule } from '@remora/api/config/http-route.ts';
import type { HttpRoute, RouteRule } from '@remora/api/config/objects.ts';
import { RETRIES_MAX, retriedStatus } from '@remora/api/config/retries.ts';
import type { Fault } from './http-faults.ts';
import { type Filters, readBackendFilters, readFilters } from './http-filters.ts';
import { readMatches } from './http-matches.ts';
import { readReference } from './http-references.ts';
import type { Rule, RuleBackend } from './route.ts';

export interface HttpRules {
  readonly rules: readonly Rule[];
  /** Of each rule that has some; the messages begin with the place in the route. */
  readonly faults: ReadonlyMap<number, readonly Fault[]>;
  /** Fields that say nothing here. */
  readonly ignored: readonly string[];
}

/**
 * Kept, though nothing else here is: every look at a route asks for its rules, and each time the
 * same would be checked and its regular expressions compiled anew. A route never changes.
 */
const READ = new WeakMap<HttpRoute, HttpRules>();

export function readRules(route: HttpRoute): HttpRules {
  const known = READ.get(route);
  if (known !== undefined) return known;
  const read = readAll(route);
  READ.set(route, read);
  return read;
}

function readAll({ spec }: HttpRoute): HttpRules {
  const faults = new Map<number, readonly Fault[]>();
  const ignored = spec.hostnames.length > 0 ? ['hostnames'] : [];
  const rules = spec.rules.map((written, index): Rule => {
    const place = `rules[${index}]`;
    const found: Fault[] = [];
    const rule = readRule(written, found);
    const placed = found.map((fault) => ({ ...fault, message: `${place}.${fault.message}` }));
    if (placed.length > 0) faults.set(index, placed);
    ignored.push(...ignoredOf(written).map((field) => `${place}.${field}`));
    return rule;
  });
  return { rules, faults, ignored };
}

function readRule(written: HttpRouteRule, faults: Fault[]): Rule {
  const matches = readMatches(written.matches, faults);
  const isDropped = written.matches.length > 0 && matches.length === 0;
  const ofFilters: Fault[] = [];
  const filters = readFilters(written.filters, ofFilters);
  const backends = written.backendRefs.map((each, at) => readBackend(each, at, ofFilters));
  checkRelations(written, filters, ofFilters);
  faults.push(...ofFilters);
  const [first] = ofFilters;
  return {
    name: written.name,
    matches,
    ...(isDropped && { isDropped }),
    ...(first !== undefined && { invalid: first.message }),
    backends,
    ...filters,
    timeouts: timeoutsOf(written),
    retries: retriesOf(written),
  };
}

function readBackend(written: HttpRouteBackend, index: number, faults: Fault[]): RuleBackend {
  const place = `backendRefs[${index}]`;
  const { requestHeaders, responseHeaders } = readBackendFilters(written.filters, place, faults);
  return { ...readReference(written), weight: written.weight, requestHeaders, responseHeaders };
}

/** What the API server refuses, for those who have none. */
function checkRelations(
  { matches, backendRefs }: HttpRouteRule,
  { redirect, rewrite }: Filters,
  faults: Fault[],
): void {
  const incompatible = (message: string) => {
    faults.push({ reason: 'IncompatibleFilters', message: `filters: ${message}` });
  };
  if (redirect !== undefined && rewrite !== undefined) {
    incompatible('RequestRedirect and URLRewrite cannot stand in one rule');
  }
  if (redirect !== undefined && backendRefs.length > 0) {
    incompatible('RequestRedirect asks no backend: backendRefs cannot stand beside it');
  }
  const replaces = [redirect, rewrite].some((change) => change?.path?.prefix !== undefined);
  const others = matches.some(({ path }) => path !== undefined && path.type !== 'PathPrefix');
  if (replaces && others) {
    const message = 'filters: ReplacePrefixMatch needs matches of type PathPrefix';
    faults.push({ reason: 'UnsupportedValue', message });
  }
}

function timeoutsOf({ timeouts }: HttpRouteRule): RouteRule['timeouts'] {
  if (timeouts === undefined) return undefined;
  return { requestMs: timeouts.request, perTryMs: timeouts.backendRequest };
}

function retriesOf({ retry }: HttpRouteRule): RouteRule['retries'] {
  if (retry === undefined) return undefined;
  return {
    retriesMax: retry.attempts === undefined ? undefined : Math.min(retry.attempts, RETRIES_MAX),
    statuses: retry.codes?.filter(isRetried),
    backoffBaseMs: undefined,
    backoffMaxMs: undefined,
  };
}

function ignoredOf({ retry, sessionPersistence }: HttpRouteRule): readonly string[] {
  const codes = retry?.codes?.filter((code) => !isRetried(code)) ?? [];
  return [
    ...codes.map((code) => `retry.codes ${code}`),
    ...((retry?.attempts ?? 0) > RETRIES_MAX ? [`retry.attempts over ${RETRIES_MAX}`] : []),
    ...(retry?.backoff === undefined ? [] : ['retry.backoff']),
    ...(sessionPersistence === undefined ? [] : ['sessionPersistence']),
  ];
}

function isRetried(code: number): boolean {
  return retriedStatus.safeParse(code).success;
}
