/**
 * Users' regular expressions, in time linear in the subject whatever the pattern.
 *
 * RE2 syntax by `re2js`: the JavaScript engine backtracks, so one pattern and one request could
 * stop the loop for hours. A match must cover the whole subject, as in Envoy. The engine is loaded
 * when a configuration first needs it, so preloading is async and compiling is not. Bounded:
 * pattern, program, cached states, subject.
 *
 * Pure but for that import. Called by `control/compile` (preload) and `route-table` (compile).
 */
import type { DestinationConfig, MatchConfig } from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import * as limits from '../limits.ts';

export interface Regex {
  /** Whether the pattern matches all of the subject. One longer than the bound matches nothing. */
  matches(subject: string): boolean;
}

export interface RegexCompiler {
  /** Throws an Error that names the pattern and what is wrong with it. */
  compile(pattern: string): Regex;
}

/** For configurations that need none. */
export const noRegexEngine: RegexCompiler = {
  compile(pattern) {
    throw refusal(pattern, 'the engine was not loaded');
  },
};

/** Whether compiling this configuration asks for a regular expression. */
export function needsRegex({ matches, rules }: DestinationConfig): boolean {
  const inFaults = rules.some(({ faults }) =>
    faults.some(({ header }) => header?.type === 'regex'),
  );
  return inFaults || matchesNeedRegex(matches);
}

/** The same, of what the inbound is told. */
export function needsInboundRegex({ matches }: InboundConfig): boolean {
  return matchesNeedRegex(matches);
}

function matchesNeedRegex(matches: readonly MatchConfig[] | null): boolean {
  if (matches === null) return false;
  return matches.some(
    (match) =>
      match.path?.type === 'regex' ||
      match.headers.some((header) => header.type === 'regex') ||
      match.query.some((parameter) => parameter.type === 'regex'),
  );
}

export async function loadRegexEngine(): Promise<RegexCompiler> {
  const { RE2JS } = await import('re2js');
  return {
    compile(pattern) {
      if (pattern.length > limits.regexPatternMax) {
        throw refusal(pattern, `over ${limits.regexPatternMax} characters`);
      }
      try {
        const compiled = RE2JS.compile(pattern);
        const steps = compiled.re2().numberOfInstructions();
        if (steps > limits.regexProgramMax) {
          throw new Error(`${steps} steps, at most ${limits.regexProgramMax}`);
        }
        boundStates(compiled.re2().dfa);
        return new WholeMatch(compiled);
      } catch (cause) {
        throw refusal(pattern, cause instanceof Error ? cause.message : String(cause), cause);
      }
    },
  };
}

function refusal(pattern: string, reason: string, cause?: unknown): Error {
  return new Error(`regular expression ${pattern}: ${reason}`, { cause });
}

/** By default 8 MiB of cached states per pattern, of which subjects decide how much is used. */
function boundStates(dfa: { stateBudget: number; memBudget: number }): void {
  dfa.stateBudget = limits.regexStateBytesMax;
  dfa.memBudget = limits.regexStateBytesMax;
}

class WholeMatch implements Regex {
  readonly #compiled: { testExact(subject: string): boolean };

  constructor(compiled: { testExact(subject: string): boolean }) {
    this.#compiled = compiled;
  }

  matches(subject: string): boolean {
    return subject.length <= limits.regexSubjectMax && this.#compiled.testExact(subject);
  }
}
