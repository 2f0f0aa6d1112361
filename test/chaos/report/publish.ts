/**
 * What came out of a run, for people and for programs: lines, one JSON object per claim, files.
 * Called by `chaos.ts`.
 */
import type { ChaosArguments } from '../arguments.ts';
import type { Figures, Verdict } from '../judge.ts';

/** Figures by subject and run. */
export type Outcome = ReadonlyMap<string, ReadonlyMap<string, Figures>>;

export function publish(
  verdicts: readonly Verdict[],
  _outcome: Outcome,
  given: ChaosArguments,
  say: (text: string) => void,
): void {
  for (const verdict of verdicts) {
    if (given.json) process.stdout.write(`${JSON.stringify(verdict)}\n`);
    else say(verdictLine(verdict));
  }
}

export function verdictLine({
  held,
  name,
  claim,
  value,
  comparison,
  limit,
  unit,
}: Verdict): string {
  const measured = value === null ? 'not measured' : `${Math.round(value * 1000) / 1000} ${unit}`;
  const verdict = held ? 'held  ' : 'FAILED';
  return `${verdict}  ${name}: ${claim}: ${measured.trim()} (${comparison} ${limit} ${unit})`;
}
