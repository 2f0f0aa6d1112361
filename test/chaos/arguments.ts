/** The command line of `npm run chaos`. Pure. Called by `chaos.ts`. */
import { parseArgs } from 'node:util';
import { CLAIMS, type Claim } from './scenarios.ts';

export interface ChaosArguments {
  /** Names of runs or of claims; empty: all. */
  readonly only: readonly string[];
  readonly list: boolean;
  readonly quick: boolean;
  readonly json: boolean;
  readonly peers: boolean;
  /** Begins the name of those who play; empty: all. */
  readonly subject: string;
  readonly help: boolean;
  readonly seed: number;
}

const SEED_DEFAULT = 20_260_727;

export const USAGE = `npm run chaos -- [options]

  --only NAME   a scenario, or one of its claims (repeatable)
  --list        print the claims and their limits, and end
  --quick       shorter runs: a smoke test, not a result
  --peers       put Envoy in Remora's place too, where it can stand there
  --subject S   with --peers, only who is called so, or begins so
  --seed N      other arrivals and other chance (default: ${SEED_DEFAULT})
  --json        print one object per claim on stdout, everything else on stderr
  --help        print this

Ends with 0 if every claim held, 1 if one did not, 2 if something could not be run. A full run
writes test/chaos/results/; what each scenario does is told in docs/chaos.md.
`;

/** Throws with a sentence for the user. */
export function parseArguments(words: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      subject: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(SEED_DEFAULT) },
    },
  });
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new Error(`--seed ${values.seed}: a whole number from 0`);
  }
  const only = values.only;
  const unknown = only.filter((name) => choose(CLAIMS, [name]).length === 0);
  if (unknown.length > 0) throw new Error(`no scenario ${unknown.join(', ')}: see --list`);
  return { ...values, only, seed };
}

/** The claims meant by these names: their own, or that of their run. */
export function choose(claims: readonly Claim[], names: readonly string[]): readonly Claim[] {
  if (names.length === 0) return claims;
  return claims.filter(({ name, run }) => names.includes(name) || names.includes(run));
}
