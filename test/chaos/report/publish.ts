/**
 * What came out of a run, for people and for programs: lines, one JSON object per claim, files.
 *
 * A whole run writes `results/`, which is committed; a part of one, or a quick one, writes
 * `results/local/`, which is not. Called by `chaos.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChaosArguments } from '../arguments.ts';
import type { Verdict } from '../judge.ts';
import { type Circumstances, type Outcome, renderMarkdown, verdictLine } from './markdown.ts';
import { renderPlot } from './plot.ts';

export interface Result {
  readonly verdicts: readonly Verdict[];
  readonly outcome: Outcome;
  readonly circumstances: Circumstances;
}

export function publish(result: Result, given: ChaosArguments, say: (text: string) => void): void {
  const path = writeFiles(result, given);
  for (const verdict of result.verdicts) {
    const line = given.json ? JSON.stringify(verdict, rounded) : verdictLine(verdict);
    process.stdout.write(`${line}\n`);
  }
  say(`written: ${path}.{json,md,svg}`);
}

/** Also of a run that is not over, so that no subject's end takes what others gave. */
export function writeFiles(
  { verdicts, outcome, circumstances }: Result,
  given: ChaosArguments,
): string {
  const isWhole = given.only.length === 0 && !given.quick;
  const folder = join(import.meta.dirname, '..', 'results', isWhole ? '' : 'local');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, given.peers ? 'chaos-peers' : 'chaos');
  const figures = Object.fromEntries(
    [...outcome].map(([subject, runs]) => [subject, Object.fromEntries(runs)]),
  );
  const json = { ...circumstances, verdicts, figures };
  writeFileSync(`${path}.json`, `${JSON.stringify(json, rounded, 2)}\n`);
  writeFileSync(`${path}.md`, renderMarkdown(verdicts, outcome, circumstances));
  writeFileSync(`${path}.svg`, renderPlot(outcome));
  return path;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value;
}
