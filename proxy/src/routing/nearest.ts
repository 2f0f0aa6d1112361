/**
 * Which rule a request missed most narrowly, and by what: for people who wonder why another one,
 * or none, took it.
 *
 * Walks the matches in their order, as the definition of routing has it; the table's own search
 * knows only what fits. Of those that were passed over, the one with the most conditions that held.
 *
 * Pure. Called for requests that leave a record, so it may allocate. Bound: `nearestMatchesMax`.
 */
import type { NearestRule } from '@remora/api/request-record.ts';
import type { MatchConfig } from '@remora/api/wire.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { RuleMatch } from './compiled.ts';
import type { Conditions } from './conditions.ts';
import type { Regex } from './regex.ts';

/** A match that may be asked why it does not fit. */
export interface Candidate {
  readonly match: RuleMatch;
  readonly path: MatchConfig['path'];
  readonly pathRegex: Regex | null;
  readonly conditions: Conditions | null;
}

/** What one candidate says: how much of it held, and what first did not. */
interface Verdict {
  readonly held: number;
  readonly why: string | null;
}

/** Null: the first match fits, or there is none. */
export function nearestRule(candidates: readonly Candidate[], head: Head): NearestRule | null {
  let nearest: NearestRule | null = null;
  let most = -1;
  for (const candidate of candidates.slice(0, limits.nearestMatchesMax)) {
    const { held, why } = judge(candidate, head);
    if (why === null) break; // This one took it: later ones were not asked.
    if (held <= most) continue;
    most = held;
    nearest = { rule: candidate.match.rule.id, why };
  }
  return nearest;
}

function judge({ path, pathRegex, conditions }: Candidate, head: Head): Verdict {
  const missed = pathMiss(path, pathRegex, head.text(head.pathStart, head.pathEnd));
  const others = conditions?.judge(head) ?? { held: 0, why: null };
  const held = others.held + (missed === null && path !== null ? 1 : 0);
  return { held, why: missed ?? others.why };
}

function pathMiss(path: MatchConfig['path'], regex: Regex | null, text: string): string | null {
  if (path === null) return null;
  switch (path.type) {
    case 'exact':
      return text === path.value ? null : `path is ${text}, not ${path.value}`;
    case 'prefix': {
      const prefix = path.value.replace(/\/$/, '');
      const holds = text === prefix || text.startsWith(`${prefix}/`);
      return holds ? null : `path ${text} is not under ${path.value}`;
    }
    case 'regex':
      return regex?.matches(text) === true ? null : `path ${text} does not match ${path.value}`;
  }
}
