/**
 * Which of two matches is tried first, over all routes of a Service.
 *
 * The Gateway API's order: exact path before regex before prefix, the longer value first; then a
 * method, more headers, more query parameters; then the older route, namespace and name, HTTPRoute
 * before TrafficRoute, and the order in the route. No path is the prefix `/`, as there. Sorting
 * once when compiling was chosen over choosing per request: the proxy takes the first match and
 * knows none of this.
 *
 * Pure. Called by `proxy-config.ts`.
 */
import type { MatchConfig } from '@remora/api/wire.ts';
import { compareText } from '../compare-text.ts';
import type { Route } from './route.ts';

/** A match, and what of its route decides between equals. */
export interface RankedMatch {
  readonly match: MatchConfig;
  /** Milliseconds since 1970; a route without one counts as young as can be. */
  readonly createdAtMs: number;
  readonly namespace: string;
  readonly name: string;
  readonly kind: Route['kind'];
  /** Position among the matches of its route. */
  readonly order: number;
}

const PATH_RANK = { exact: 0, regex: 1, prefix: 2 } as const;

/** Negative: `a` is tried before `b`. Zero only for the same match of the same route. */
export function byPrecedence(a: RankedMatch, b: RankedMatch): number {
  return (
    pathRank(a.match) - pathRank(b.match) ||
    pathLength(b.match) - pathLength(a.match) ||
    Number(b.match.method !== null) - Number(a.match.method !== null) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.query.length - a.match.query.length ||
    compareAge(a.createdAtMs, b.createdAtMs) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name) ||
    compareText(a.kind, b.kind) ||
    a.order - b.order
  );
}

function pathRank({ path }: MatchConfig): number {
  return PATH_RANK[path?.type ?? 'prefix'];
}

function pathLength({ path }: MatchConfig): number {
  return path === null ? 1 : path.value.length;
}

/** Not a subtraction: two infinities would give NaN. */
function compareAge(aMs: number, bMs: number): number {
  return aMs < bMs ? -1 : aMs > bMs ? 1 : 0;
}
