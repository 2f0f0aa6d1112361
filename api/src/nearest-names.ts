/**
 * The names somebody may have meant, for "did you mean": fields, values, destinations.
 *
 * Edit distance over whole names, so that a slip of the finger, a wrong namespace and a wrong port
 * all lead somewhere. What shares too little is not offered: a wild guess is worse than none.
 * Bounded in names and in length, so the work is linear in what is known.
 *
 * Pure. Called by `config/unknown-fields.ts` and `config/problem.ts`.
 */
const NAMES_COMPARED_MAX = 1_000;
const NAME_COMPARED_MAX = 256;

/** At most `max` of `known`, closest first; between equals the order of `known` decides. */
export function nearestNames(wanted: string, known: Iterable<string>, max = 3): readonly string[] {
  const name = wanted.slice(0, NAME_COMPARED_MAX);
  const farthest = Math.max(1, Math.floor(name.length / 2));
  const close: { readonly name: string; readonly distance: number }[] = [];
  let compared = 0;
  for (const other of known) {
    if (++compared > NAMES_COMPARED_MAX) break;
    if (Math.abs(other.length - name.length) > farthest) continue;
    const distance = editDistance(name, other);
    if (distance <= farthest) close.push({ name: other, distance });
  }
  close.sort((a, b) => a.distance - b.distance);
  return close.slice(0, max).map((each) => each.name);
}

/** Levenshtein's, in one row; capital letters are no difference. */
function editDistance(a: string, b: string): number {
  const from = a.toLowerCase();
  const to = b.toLowerCase();
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + Number(from[i - 1] !== to[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
