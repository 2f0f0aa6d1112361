/**
 * Columns of text, each as wide as its longest entry. The last one is not padded.
 *
 * Pure. Called by the verbs that list something.
 */
export function tableLines(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [titles, ...rows].map((row) =>
    row
      .map((text, column) => (column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)))
      .join('  '),
  );
}
