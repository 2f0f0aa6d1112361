/**
 * The command line of `npm run bench`, and how long each scale takes. Pure. Called by `bench.ts`.
 */
import { parseArgs } from 'node:util';
import type { Scale } from './questions/question.ts';

export interface BenchArguments {
  /** Names as given; empty: all. */
  readonly questions: readonly string[];
  readonly json: boolean;
  readonly profile: boolean;
  readonly help: boolean;
  readonly scale: Scale;
}

export const USAGE = `npm run bench -- [question…] [options]

questions: hop bodies table memory seeing (all of these when none is named)
           push (needs etcd and kube-apiserver: npm run cluster -- build)

  --quick       a few seconds per measurement; all questions within 3 minutes
  --rounds N    alternating rounds (default: 7, with --quick 5)
  --profile     also say where Remora spends its time (a full run of hop always does)
  --json        print one JSON object on stdout, everything else on stderr
  --help        print this

Full runs write bench/results/<question>.{json,md,svg}; --quick and --rounds write to
bench/results/local/, which is not committed. Peers: bench/README.md.
`;

const FULL: Scale = {
  quick: false,
  rounds: 7,
  roundsBesideHop: 5,
  sideRounds: 1,
  warmSeconds: 3,
  saturationSeconds: 5,
  pacedSeconds: 6,
  ratesPerSecond: [2_000, 500],
  loadedSeconds: 60,
  idleSeconds: 60,
  starts: 7,
  lives: 4,
  slices: 8,
  pairs: 12,
};

const QUICK: Scale = {
  quick: true,
  rounds: 5,
  roundsBesideHop: 3,
  sideRounds: 1,
  warmSeconds: 1,
  saturationSeconds: 1,
  pacedSeconds: 2,
  ratesPerSecond: [2_000],
  loadedSeconds: 3,
  idleSeconds: 5,
  starts: 3,
  lives: 1,
  slices: 3,
  pairs: 3,
};

/** Throws with a sentence for the user. */
export function parseArguments(words: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: { type: 'string' },
    },
  });
  const scale = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? scale.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds ${values.rounds}: a whole number from 1`);
  }
  const sideRounds = Math.min(rounds, scale.sideRounds);
  const roundsBesideHop = Math.min(rounds, scale.roundsBesideHop);
  return {
    questions: positionals,
    json: values.json,
    profile: values.profile,
    help: values.help,
    scale: { ...scale, rounds, sideRounds, roundsBesideHop },
  };
}

/** Whether a run at this scale is good enough to be committed. */
export function isPublishable(scale: Scale): boolean {
  return !scale.quick && scale.rounds >= FULL.rounds;
}
