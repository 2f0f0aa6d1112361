/**
 * Whether the regular expressions of a route can be compiled, asked before they are in force.
 *
 * With the proxy's own engine, which matches in linear time and therefore lacks look-around and
 * back-references: a schema cannot know that, and a proxy that refuses a configuration is a late
 * way to find out.
 *
 * Pure. Called by `object-reading.ts`.
 */
import type { MeshObject } from '@remora/api/config/objects.ts';
import { RE2JS } from 're2js';
import { limits } from '../limits.ts';
import type { Path } from './yaml-documents.ts';

export interface Mistake {
  readonly path: Path;
  readonly message: string;
  readonly remedy: string;
}

export function regexMistakes(object: MeshObject): readonly Mistake[] {
  if (object.kind !== 'TrafficRoute') return [];
  const mistakes: Mistake[] = [];
  for (const [path, pattern] of patternsIn(object.spec.rules, ['spec', 'rules'])) {
    const why = mistakeOf(pattern);
    if (why !== null) mistakes.push({ path, ...why });
  }
  return mistakes;
}

const WITH_PATTERNS = ['matches', 'faults'];

/** Every field named `regex` under these: a kind of match that is new is found as well. */
function* patternsIn(value: unknown, path: Path): Iterable<readonly [Path, string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const isPattern = key === 'regex' && WITH_PATTERNS.some((name) => at.includes(name));
    if (isPattern && typeof inner === 'string') yield [at, inner];
    else yield* patternsIn(inner, at);
  }
}

function mistakeOf(pattern: string): Omit<Mistake, 'path'> | null {
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
