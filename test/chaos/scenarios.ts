/**
 * Every claim about failing well, once: what is claimed, its figure, and its limit.
 *
 * A claim is a row, and a row is computed from one figure of one run; `run` names what is played
 * (`runs.ts`), and several rows may stand on one run. Limits are the project's promises: changing
 * one is a change of what Remora promises, and shows in a diff of this file.
 *
 * Pure data. Read by `judge.ts` and by `--list`.
 */

export interface Claim {
  /** Unique; what `--only` takes, beside the name of a run. */
  readonly name: string;
  readonly run: string;
  readonly claim: string;
  readonly figure: string;
  readonly unit: string;
  readonly comparison: '<=' | '>=';
  readonly limit: number;
}

type Row = readonly [
  name: string,
  claim: string,
  figure: string,
  comparison: '<=' | '>=',
  limit: number,
  unit: string,
];

function rows(run: string, ...given: readonly Row[]): readonly Claim[] {
  return given.map(([name, claim, figure, comparison, limit, unit]) => {
    const full = name === '' ? run : `${run}/${name}`;
    return { name: full, run, claim, figure, unit, comparison, limit };
  });
}

export const CLAIMS: readonly Claim[] = [
  ...rows(
    'outage',
    ['recovery', 'good again after the thaw, in every run', 'recoveryS', '<=', 1, 's'],
    [
      'after-grace',
      'bad among those offered 0.5 s after it, or later',
      'badAfterGrace',
      '<=',
      0,
      '',
    ],
    ['after', 'good in the 32 s after the thaw', 'goodAfterPercent', '>=', 99, '%'],
    ['wasted', 'requests that the upstream worked on for nothing', 'wasted', '<=', 50, ''],
  ),
  ...rows(
    'overload',
    ['goodput', 'of capacity at twice the load', 'goodputPercent', '>=', 98, '%'],
    ['p99', 'p99 of good answers, whole run', 'p99Ms', '<=', 50, 'ms'],
    ['settled-p99', 'p99 of good answers from second 3', 'settledP99Ms', '<=', 40, 'ms'],
  ),
  ...rows(
    'overload-4',
    [
      'goodput',
      'of capacity, four callers and an inbound limiter',
      'goodputPercent',
      '>=',
      98,
      '%',
    ],
    ['p99', 'p99 of good answers, whole run', 'p99Ms', '<=', 60, 'ms'],
  ),
  ...rows(
    'overload-16',
    ['goodput', 'of capacity, 16 callers and an inbound limiter', 'goodputPercent', '>=', 98, '%'],
    ['p99', 'p99 of good answers, whole run', 'p99Ms', '<=', 60, 'ms'],
  ),
  ...rows('overload-critical', [
    '',
    'good among critical requests, a tenth of twice the load',
    'criticalPercent',
    '>=',
    99,
    '%',
  ]),
];
