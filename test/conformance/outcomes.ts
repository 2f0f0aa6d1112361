/**
 * What became of each test of the conformance suite, from what it prints, and the page that says
 * so.
 *
 * The suite's own report counts tests by profile and names only those that failed; the tests that
 * belong to no profile are nowhere in it. This page names them all.
 *
 * Pure. Used by `scripts/conformance.ts`.
 */
export interface Outcome {
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped';
}

const RESULTS = { PASS: 'passed', FAIL: 'failed', SKIP: 'skipped' } as const;
/** A test of the suite, one level below the one that runs it; what is deeper is a part of it. */
const OUTCOME = /^ {4}--- (PASS|FAIL|SKIP): TestConformance\/([A-Za-z0-9]+) \(/;

/** Null: the line tells of no outcome. */
export function outcomeOf(line: string): Outcome | null {
  const [, word, name] = OUTCOME.exec(line) ?? [];
  if (word === undefined || name === undefined) return null;
  return { name, result: RESULTS[word as keyof typeof RESULTS] };
}

/** In the order of names. */
export function outcomesPage(outcomes: readonly Outcome[], versions: readonly string[]): string {
  const run = outcomes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const passed = run.filter(({ result }) => result === 'passed').length;
  return [
    '# Conformance with the Gateway API, as a mesh',
    '',
    "Written by `npm run conformance`, beside `report.yaml`, which is the suite's own and counts",
    'only what belongs to its profile. Do not edit.',
    '',
    `${versions.join(', ')}: ${passed} of ${run.length} tests passed.`,
    '',
    '| test | result |',
    '|---|---|',
    ...run.map(({ name, result }) => `| ${name} | ${result} |`),
    '',
  ].join('\n');
}
