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

const FAULTS: Readonly<Record<string, string>> = {
  refuses: 'refuses connections',
  'resets-before-head': 'resets before the head',
  'resets-in-head': 'resets within the head',
  'resets-after-head': 'resets after the head',
  stalls: 'stalls',
  garbage: 'answers garbage',
  'answers-twice': 'answers twice',
  'closes-idle': 'closes idle connections at random',
  'slow-for-some': 'is slow for 1% of its requests',
};

const TROUBLES: Readonly<Record<string, string>> = {
  healthy: 'in health',
  'slow-answers': 'while answers take 150 ms',
  refusing: 'while an endpoint refuses',
  stalling: 'while an endpoint stalls',
  resetting: 'while an endpoint resets',
  overloaded: 'in overload',
  'control-plane-killed': 'after the control plane was killed',
  'full-disk': 'with a full disk',
  'blocked-log': 'with a blocked log',
  'few-descriptors': 'with 256 descriptors',
};

const HEALTH: Readonly<Record<string, string>> = {
  'burst-of-short': 'a 10 x burst for 1 s into 64 workers of 5 ms',
  'burst-of-long': 'a 10 x burst for 1 s into 64 workers of 40 ms',
  'step-to-40': 'a step from 5 to 40 ms',
  'step-to-100': 'a step from 5 to 100 ms',
  'mixed-latencies': '90% of 5 ms and 10% of 200 ms',
  'cold-start': 'a proxy that has just started, 500/s',
  'cold-server': 'a server that takes 150 ms in its first second',
  'one-worker-70': 'a one-worker server at 70%',
};

function oneOfTen(run: string, what: string): readonly Claim[] {
  return rows(
    run,
    ['success', `good from 2 s on, one of ten ${what}`, 'goodPercent', '>=', 99.9, '%'],
    ['ejected', 'until it is left out', 'ejectedS', '<=', 5, 's'],
    ['back', 'until it is back after healing', 'backS', '<=', 10, 's'],
  );
}

export const CLAIMS: readonly Claim[] = [
  ...Object.entries(FAULTS).flatMap(([run, what]) =>
    rows(
      run,
      ['success', `good from 2 s on, one of ten ${what}`, 'goodPercent', '>=', 99.9, '%'],
      ['wrong', 'answers of others, or garbage, passed on', 'wrong', '<=', 0, ''],
    ),
  ),
  ...rows(
    'three-of-ten',
    ['success', 'good, three of ten failing, 50,000 GETs', 'successPercent', '>=', 99.9, '%'],
    ['balance', "the busiest healthy one over the healthy ones' mean", 'worstShare', '<=', 1.2, ''],
  ),
  ...oneOfTen('one-slow', 'slow by 500 ms'),
  ...oneOfTen('one-black-holed', 'black-holed'),
  ...oneOfTen('one-failing', 'answering 503'),
  ...rows(
    'stale-keep-alive',
    ['get', 'failed GETs once 20 closes were seen', 'getFailures', '<=', 0, ''],
    ['post', 'failed POSTs once 20 closes were seen', 'postFailures', '<=', 0, ''],
    ['duplicates', 'requests executed twice', 'duplicates', '<=', 0, ''],
  ),
  ...rows(
    'posts-under-resets',
    ['duplicates', 'POSTs executed twice', 'duplicates', '<=', 0, ''],
    ['offered', 'POSTs that this stands on', 'offered', '>=', 99_000, ''],
  ),
  ...Object.entries(HEALTH).flatMap(([run, what]) =>
    rows(run, ['refused', `refused: ${what}`, 'refused', '<=', 0, '']),
  ),
  ...rows('one-worker-85', [
    'refused',
    'refused: a one-worker server at 85%',
    'refusedPercent',
    '<=',
    0.5,
    '%',
  ]),
  ...rows(
    'overload',
    ['goodput', 'of capacity at twice the load', 'goodputPercent', '>=', 98, '%'],
    ['p99', 'p99 of good answers, whole run', 'p99Ms', '<=', 50, 'ms'],
    ['settled-p99', 'p99 of good answers from second 3', 'settledP99Ms', '<=', 40, 'ms'],
  ),
  ...[4, 16].flatMap((callers) =>
    rows(
      `overload-${callers}`,
      ['goodput', `of capacity, ${callers} callers`, 'goodputPercent', '>=', 98, '%'],
      ['p99', 'p99 of good answers, whole run', 'p99Ms', '<=', 60, 'ms'],
    ),
  ),
  ...rows('overload-critical', [
    'success',
    'good among critical requests at twice the load',
    'criticalPercent',
    '>=',
    99,
    '%',
  ]),
  ...rows('three-tiers', ['load', 'arrivals at a frozen leaf over offered', 'load', '<=', 1.2, '']),
  ...rows(
    'slow-heads',
    ['others', 'good beside 2,000 connections of slow heads', 'othersPercent', '>=', 99.9, '%'],
    ['borne', 'the longest that one of them was borne', 'longestS', '<=', 12, 's'],
  ),
  ...rows(
    'huge-heads',
    ['others', 'good beside 200 heads of 1 MB', 'othersPercent', '>=', 99.9, '%'],
    ['accepted', 'huge heads that were accepted', 'accepted', '<=', 0, ''],
    ['memory', 'private memory grown', 'grownMb', '<=', 32, 'MB'],
  ),
  ...rows(
    'idle-connections',
    ['memory', 'private memory of each of 10,000', 'kibEach', '<=', 12, 'KiB'],
    ['lost', 'of them closed meanwhile', 'lost', '<=', 0, ''],
  ),
  ...rows(
    'slow-reader',
    ['memory', 'private memory grown in a minute of body', 'grownMb', '<=', 4, 'MB'],
    ['rate', 'what the reader of 10 MB/s got', 'mbPerSecond', '>=', 9, 'MB/s'],
  ),
  ...rows('few-descriptors', [
    'recovery',
    'good from 2 s after 512 connections let go of 256 descriptors',
    'recoveredPercent',
    '>=',
    99.9,
    '%',
  ]),
  ...rows(
    'control-plane',
    ['bad', 'failed while it is killed, back, and poisoned', 'bad', '<=', 0, ''],
    ['change', 'until a good change among 30 poisons is in force', 'changeS', '<=', 2, 's'],
    ['alive', 'both planes live on (1: yes)', 'alive', '>=', 1, ''],
  ),
  ...rows(
    'full-disk',
    ['success', 'good with a full disk under last-good', 'successPercent', '>=', 99.9, '%'],
    ['change', 'until a change is in force', 'changeS', '<=', 2, 's'],
  ),
  ...rows(
    'blocked-log',
    ['answered', 'answered in time while nobody reads the log', 'answeredPercent', '>=', 99.9, '%'],
    ['memory', 'private memory grown', 'grownMb', '<=', 32, 'MB'],
    ['dropped', 'log lines that found no room: it was blocked', 'dropped', '>=', 1, ''],
  ),
  ...Object.entries(TROUBLES).flatMap(([trouble, what]) =>
    rows(
      `sigterm-${trouble}`,
      ['lost', `accepted requests lost by SIGTERM ${what}`, 'lost', '<=', 0, ''],
      ['exit', 'until it ended, in order', 'exitS', '<=', 27, 's'],
    ),
  ),
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
];
