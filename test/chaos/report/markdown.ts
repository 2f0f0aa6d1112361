/**
 * A chaos run as Markdown: the claims, and beside each other what the subjects made of the same
 * scenarios. Pure. Called by `publish.ts` and, for its lines, by `chaos.ts`.
 */
import type { Figures, Verdict } from '../judge.ts';

/** Figures by subject and run. */
export type Outcome = ReadonlyMap<string, ReadonlyMap<string, Figures>>;

export interface Circumstances {
  readonly machine: string;
  readonly versions: string;
  readonly startedAt: string;
  readonly seed: number;
  readonly minutes: number;
}

/** A load that was later than this ran on a busy machine: its figures say little of the proxy. */
export const LATE_MS_MAX = 10;
/** The same where the host gave more of the cores to others: one overload in three then missed. */
export const STOLEN_PERCENT_MAX = 5;

/** What every comparable run has for every subject, and what it is called. */
export const COMPARED = [
  { key: 'successPercent', title: 'good', unit: '%', scale: 'up' },
  { key: 'load', title: 'upstream load / offered', unit: '', scale: 'down' },
  { key: 'recoveryS', title: 'recovery', unit: 's', scale: 'down' },
] as const;

export function verdictLine(verdict: Verdict): string {
  const { held, name, claim, value, comparison, limit, unit } = verdict;
  const word = held ? 'held  ' : 'FAILED';
  const promised = `${comparison} ${withUnit(limit, unit)}`;
  return `${word}  ${name}: ${claim}: ${withUnit(value, unit)} (${promised})`;
}

export function renderMarkdown(
  verdicts: readonly Verdict[],
  outcome: Outcome,
  { machine, versions, startedAt, seed, minutes }: Circumstances,
): string {
  const held = verdicts.filter((verdict) => verdict.held).length;
  const claims = verdicts.map((verdict) => [
    verdict.name,
    verdict.claim,
    withUnit(verdict.value, verdict.unit),
    `${verdict.comparison === '<=' ? '≤' : '≥'} ${withUnit(verdict.limit, verdict.unit)}`,
    verdict.held ? 'held' : '**failed**',
  ]);
  const sections = [
    '# Chaos',
    `${held} of ${verdicts.length} claims held.`,
    `${startedAt} · ${machine} · ${versions} · seed ${seed} · ${minutes} min`,
    renderTable(['claim', 'what', 'measured', 'promised', ''], claims),
    ...busyNotes(outcome),
    ...(outcome.size > 1 ? ['## Beside others', renderCompared(outcome)] : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Runs that a busy machine spoiled, by the figure that shows it. */
function busyNotes(outcome: Outcome): readonly string[] {
  const late = runsOver(outcome, 'lateMs', LATE_MS_MAX, 'ms');
  const stolen = runsOver(outcome, 'stolenPercent', STOLEN_PERCENT_MAX, '%');
  return [
    ...(late === '' ? [] : [`The load itself was late, so play these again: ${late}.`]),
    ...(stolen === '' ? [] : [`The host took the cores away, so play these again: ${stolen}.`]),
  ];
}

function runsOver(outcome: Outcome, figure: string, most: number, unit: string): string {
  const over = [...outcome].flatMap(([subject, runs]) =>
    [...runs].flatMap(([run, figures]) => {
      const value = figures[figure] ?? 0;
      return value > most ? [`${run} (${subject}, ${withUnit(value, unit)})`] : [];
    }),
  );
  return over.join(', ');
}

/** Runs that every subject played, in the order of the first. */
export function comparedRuns(outcome: Outcome): readonly string[] {
  const [first, ...others] = [...outcome.values()];
  return [...(first?.keys() ?? [])].filter((run) => others.every((runs) => runs.has(run)));
}

function renderCompared(outcome: Outcome): string {
  const body = comparedRuns(outcome).flatMap((run) =>
    [...outcome].map(([subject, runs], at) => [
      at === 0 ? run : '',
      subject,
      ...COMPARED.map(({ key, unit }) => {
        const value = runs.get(run)?.[key];
        return value === undefined ? '' : value === null ? 'never' : withUnit(value, unit);
      }),
    ]),
  );
  return renderTable(['scenario', 'proxy', ...COMPARED.map(({ title }) => title)], body);
}

function withUnit(value: number | null, unit: string): string {
  if (value === null || Number.isNaN(value)) return 'not measured';
  const digits = Math.abs(value) >= 100 ? 1 : 3;
  return `${Number(value.toFixed(digits))} ${unit}`.trim();
}

function renderTable(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}
