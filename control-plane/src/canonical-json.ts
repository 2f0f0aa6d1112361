/**
 * JSON that is equal where the values are: keys sorted, no spaces.
 *
 * Two replicas that build the same configuration in a different order must name it alike, and a
 * file whose keys were only reordered has not changed.
 *
 * Pure. Called by `publish/versions.ts` and `files/ledger.ts`.
 */
import { compareText } from './compare-text.ts';

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // fromEntries defines own properties, so even `__proto__` is only a key here.
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(entries);
}
