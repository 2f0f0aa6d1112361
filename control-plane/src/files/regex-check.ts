/**
 * The regular expressions of a route that cannot be compiled, with their places.
 *
 * Of our own kind only: an HTTPRoute is its API server's to refuse, and says what is wrong with it
 * in its status.
 *
 * Pure. Called by `object-reading.ts`.
 */
import type { MeshObject } from '@remora/api/config/objects.ts';
import { regexMistake } from '../desired/regex-mistake.ts';
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
    const why = regexMistake(pattern);
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
