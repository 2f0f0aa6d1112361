/**
 * Whether a claim held: its figure against its limit, from the table and from nothing else.
 *
 * A figure that was not measured holds nothing, and a claim without a measured figure has not held:
 * an outage that never ends has no recovery time. Pure. Tests: `judge.test.ts`.
 */
import type { Claim } from './scenarios.ts';

export type Figures = Readonly<Record<string, number | null>>;

export interface Verdict {
  readonly name: string;
  readonly claim: string;
  readonly unit: string;
  readonly value: number | null;
  readonly comparison: '<=' | '>=';
  readonly limit: number;
  readonly held: boolean;
}

/** One verdict for each claim, in the order of the table. */
export function judge(claims: readonly Claim[], figuresOf: (run: string) => Figures): Verdict[] {
  return claims.map((claim) => {
    const { name, unit, comparison, limit } = claim;
    const value = figuresOf(claim.run)[claim.figure] ?? null;
    return { name, claim: claim.claim, unit, value, comparison, limit, held: holds(claim, value) };
  });
}

function holds({ comparison, limit }: Claim, value: number | null): boolean {
  if (value === null) return false;
  return comparison === '<=' ? value <= limit : value >= limit;
}
