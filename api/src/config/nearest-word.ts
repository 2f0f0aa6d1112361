/**
 * The word that was probably meant: the nearest by edits, or none that is near enough.
 *
 * Pure. Used by `problems.ts`.
 */

/** Longer words are not compared: the cost is their product, and the text is a stranger's. */
const WORD_CHARACTERS_MAX = 64;

export function nearestWord(word: string, known: readonly string[]): string | null {
  if (word.length > WORD_CHARACTERS_MAX) return null;
  const editsMax = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let bestEdits = editsMax + 1;
  for (const candidate of known) {
    const edits = editsBetween(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Insertions, deletions and replacements that turn `a` into `b`. */
export function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
