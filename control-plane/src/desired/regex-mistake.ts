/**
 * Whether a regular expression can be compiled, asked before it is in force.
 *
 * With the proxy's own engine, which matches in linear time and therefore lacks look-around and
 * back-references: a schema cannot know that, and a proxy that refuses a configuration is a late
 * way to find out.
 *
 * Pure. Called by `http-matches.ts`, and by `files/regex-check.ts` for our own kinds.
 */
import { RE2JS } from 're2js';
import * as limits from '../limits.ts';

export interface RegexMistake {
  readonly message: string;
  readonly remedy: string;
}

export function regexMistake(pattern: string): RegexMistake | null {
  if (pattern.length > limits.regexPatternMax) {
    const message = `a pattern of ${pattern.length} characters, over ${limits.regexPatternMax}`;
    return { message, remedy: 'Split it into several matches' };
  }
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const remedy = 'Use RE2 syntax: no look-around and no back-references';
    return { message: `not a regular expression: ${why}`, remedy };
  }
}
