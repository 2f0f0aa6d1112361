/**
 * Which rule a request takes: the first match, in order of precedence, that the request satisfies.
 *
 * Walking the sorted list is the definition (and the reference in the tests); this gives the same
 * answer at a cost that does not grow with the table. Exact paths and prefixes are found by one
 * rolling hash over the path, probed at each segment's end; only regexes are walked (bounded), and
 * only those that could still beat what was found. Of the candidates the lowest index wins.
 *
 * Pure. Budget: no allocation in `match`, ≤ 1 µs whatever the size; `bench/routes`. Compiled in
 * slices by `control/compile`, asked by `roles/outbound`. Needs canonical paths on both sides.
 */
import type { NearestRule } from '@remora/api/request-record.ts';
import type { MatchConfig, ProxyIdentity } from '@remora/api/wire.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { RouteMatcher, Rule, RuleMatch } from './compiled.ts';
import { type Conditions, compileConditions } from './conditions.ts';
import { configPath } from './config-path.ts';
import { type Candidate, nearestRule } from './nearest.ts';
import { HASH_START, hashByte, NOT_FOUND, type PathIndex, PathIndexBuilder } from './path-index.ts';
import type { Regex, RegexCompiler } from './regex.ts';

const SLASH = 0x2f;
/** Matches compiled between two yields: well under 1 ms. */
const MATCHES_PER_SLICE = 32;

export interface CompileOptions {
  readonly identity: ProxyIdentity;
  readonly regex: RegexCompiler;
}

/**
 * `matches` best precedence first, `rules` by their index there. Yields often, so that the caller
 * can slice it; throws an Error with the reason when the configuration cannot be compiled.
 */
export function* compileRouteTable(
  matches: readonly MatchConfig[],
  rules: readonly Rule[],
  options: CompileOptions,
): Generator<void, RouteMatcher> {
  const draft = new Draft(rules, options.regex);
  let sinceYield = 0;
  for (const match of matches) {
    if (!isFrom(match.source, options.identity)) continue;
    draft.add(match);
    // A regular expression alone may take as long as a slice of others.
    if (++sinceYield >= MATCHES_PER_SLICE || match.path?.type === 'regex') {
      sinceYield = 0;
      yield;
    }
  }
  const exact = yield* draft.exact.build();
  const prefix = yield* draft.prefix.build();
  return new RouteTable(draft, exact, prefix);
}

function isFrom(source: MatchConfig['source'], identity: ProxyIdentity): boolean {
  if (source === null) return true;
  if (source.namespace !== undefined && source.namespace !== identity.namespace) return false;
  return source.workload === undefined || source.workload === identity.workload;
}

interface PathRegex {
  readonly index: number;
  readonly regex: Regex;
}

/** What compiling collects. An index here is a precedence: lower is better. */
class Draft {
  readonly matches: RuleMatch[] = [];
  readonly conditions: (Conditions | null)[] = [];
  readonly exact = new PathIndexBuilder();
  readonly prefix = new PathIndexBuilder();
  readonly regexes: PathRegex[] = [];
  readonly candidates: Candidate[] = [];
  /** Matches without a path, and those of the prefix `/`. */
  readonly anyPath: number[] = [];
  readonly #rules: readonly Rule[];
  readonly #regex: RegexCompiler;

  constructor(rules: readonly Rule[], regex: RegexCompiler) {
    this.#rules = rules;
    this.#regex = regex;
  }

  add(match: MatchConfig): void {
    const rule = this.#rules[match.rule];
    if (rule === undefined) throw new Error(`a match names rule ${match.rule}, which is missing`);
    const index = this.matches.length;
    const conditions = compileConditions(match, this.#regex);
    const compiled = { rule, prefixLength: this.#addPath(match.path, index) };
    const last = this.regexes.at(-1);
    const pathRegex = last?.index === index ? last.regex : null;
    this.conditions.push(conditions);
    this.matches.push(compiled);
    this.candidates.push({ match: compiled, path: match.path, pathRegex, conditions });
  }

  /** Bytes of the prefix, 0 where the match has none. */
  #addPath(path: MatchConfig['path'], index: number): number {
    if (path === null) {
      this.anyPath.push(index);
      return 0;
    }
    if (path.type === 'regex') {
      if (this.regexes.length === limits.pathRegexesMax) {
        throw new Error(`over ${limits.pathRegexesMax} path regexes in one destination`);
      }
      this.regexes.push({ index, regex: this.#regex.compile(path.value) });
      return 0;
    }
    const bytes = configPath(path.value);
    if (path.type === 'exact') {
      this.exact.add(bytes, index);
      return 0;
    }
    const length = bytes.at(-1) === SLASH ? bytes.length - 1 : bytes.length;
    if (length === 0) this.anyPath.push(index);
    else this.prefix.add(bytes.subarray(0, length), index);
    return length;
  }
}

class RouteTable implements RouteMatcher {
  readonly #matches: readonly RuleMatch[];
  readonly #conditions: readonly (Conditions | null)[];
  readonly #exact: PathIndex;
  readonly #prefix: PathIndex;
  readonly #regexes: readonly PathRegex[];
  readonly #anyPath: readonly number[];
  readonly #candidates: readonly Candidate[];
  readonly #longest: number;
  /** Groups of the prefixes found in this path, shortest first: at most one per length. */
  readonly #found: Int32Array;

  constructor(draft: Draft, exact: PathIndex, prefix: PathIndex) {
    this.#matches = draft.matches;
    this.#conditions = draft.conditions;
    this.#exact = exact;
    this.#prefix = prefix;
    this.#regexes = draft.regexes;
    this.#anyPath = draft.anyPath;
    this.#candidates = draft.candidates;
    this.#longest = Math.max(exact.longest, prefix.longest);
    this.#found = new Int32Array(prefix.longest + 1);
  }

  match(head: Head): RuleMatch | null {
    const { slab, pathStart: start, pathEnd: end } = head;
    const last = Math.min(end, start + this.#longest);
    let hash = HASH_START;
    let found = 0;
    for (let at = start; ; at++) {
      if (at > start && (at === end || slab[at] === SLASH)) {
        const group = this.#prefix.find(slab, start, at, hash);
        if (group !== NOT_FOUND) this.#found[found++] = group;
      }
      if (at === last) break;
      hash = hashByte(hash, slab[at]!);
    }

    let best = this.#matches.length;
    if (last === end) {
      const group = this.#exact.find(slab, start, end, hash);
      if (group !== NOT_FOUND) best = this.#better(this.#exact.candidates[group]!, best, head);
    }
    // Longest first: by the order of precedence most others then need not be asked.
    while (found > 0) {
      best = this.#better(this.#prefix.candidates[this.#found[--found]!]!, best, head);
    }
    best = this.#better(this.#anyPath, best, head);
    if (this.#regexes.length > 0) best = this.#betterRegex(best, head);
    return best === this.#matches.length ? null : this.#matches[best]!;
  }

  nearest(head: Head): NearestRule | null {
    // By the search that requests take, which is warm: mostly the first match takes them.
    if (this.match(head) === this.#candidates[0]?.match) return null;
    return nearestRule(this.#candidates, head);
  }

  /** The first candidate below `best` whose conditions hold, else `best`. */
  #better(candidates: readonly number[], best: number, head: Head): number {
    for (let at = 0; at < candidates.length; at++) {
      const index = candidates[at]!;
      if (index >= best) return best;
      if (this.#holds(index, head)) return index;
    }
    return best;
  }

  #betterRegex(best: number, head: Head): number {
    let path: string | null = null;
    for (let at = 0; at < this.#regexes.length; at++) {
      const { index, regex } = this.#regexes[at]!;
      if (index >= best) return best;
      if (!this.#holds(index, head)) continue;
      path ??= head.text(head.pathStart, head.pathEnd);
      if (regex.matches(path)) return index;
    }
    return best;
  }

  #holds(index: number, head: Head): boolean {
    const conditions = this.#conditions[index]!;
    return conditions === null || conditions.hold(head);
  }
}
