/**
 * The names a user may have meant, for a destination that does not exist.
 *
 * Edit distance over the whole key, so that a wrong namespace, a wrong port and a slip of the
 * finger all lead somewhere; what shares nothing is not offered, because a wild guess is worse
 * than none. Bounded: names longer than a DNS label pair, and more names than a bound, are cut.
 *
 * Pure. Called by `compiler.ts`.
 */
import { compareText } from '../compare-text.ts';
import { limits } from '../limits.ts';

/** At most `nearestNamesMax` of `names`, closest first. */
export function nearestNames(wanted: string, names: Iterable<string>): readonly string[] {
  const farthest = Math.max(4, Math.floor(wanted.length / 2));
  const close: { readonly name: string; readonly distance: number }[] = [];
  let compared = 0;
  for (const name of names) {
    if (++compared > limits.nearestComparedMax) break;
    const distance = editDistance(wanted.slice(0, limits.proxyNameMax), name);
    if (distance <= farthest) close.push({ name, distance });
  }
  close.sort((a, b) => a.distance - b.distance || compareText(a.name, b.name));
  return close.slice(0, limits.nearestNamesMax).map(({ name }) => name);
}

/** Levenshtein's, in one row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
