/**
 * A question's answer as Markdown: the table, the bars, the notes.
 *
 * Cells are medians with the least and the most over rounds; a single round is a bare number.
 * Pure. Called by `bench.ts`.
 */
import type { Verdict } from '../bars.ts';
import type { Answer, Question } from '../questions/question.ts';
import { round3, type Spread } from '../statistics.ts';

export interface Circumstances {
  readonly machine: string;
  readonly versions: string;
  readonly scale: string;
  readonly startedAt: string;
}

export function renderMarkdown(
  question: Question,
  answer: Answer,
  verdicts: readonly Verdict[],
  circumstances: Circumstances,
): string {
  const sections = [
    `# ${question.name}`,
    question.asks,
    `${circumstances.startedAt} · ${circumstances.machine} · ${circumstances.versions} · ` +
      `${circumstances.scale}`,
    renderRows(answer),
    ...(verdicts.length === 0 ? [] : [renderVerdicts(verdicts)]),
    ...(answer.notes.length === 0 ? [] : [answer.notes.map((note) => `- ${note}`).join('\n')]),
    ...(answer.profile === undefined ? [] : [renderProfile(answer.profile)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function renderRows({ columns, rows }: Answer): string {
  const head = ['proxy', 'configuration', ...columns.map((column) => column.title)];
  const body = rows.map((row) => [
    row.peer,
    row.config,
    ...columns.map((column) => renderCell(row.cells[column.key] ?? null)),
  ]);
  return renderTable(head, body);
}

function renderVerdicts(verdicts: readonly Verdict[]): string {
  const body = verdicts.map((verdict) => [
    verdict.what,
    verdict.value === null ? 'not measured' : withUnit(verdict.value, verdict.unit),
    `≤ ${withUnit(verdict.max, verdict.unit)}` +
      (verdict.aim === undefined ? '' : ` (aim ${withUnit(verdict.aim, verdict.unit)})`),
    verdict.passed ? 'pass' : '**fail**',
  ]);
  return renderTable(['bar', 'measured', 'allowed', ''], body);
}

function renderProfile(lines: readonly string[]): string {
  const fence = '```';
  const head = "## Where the time goes\n\nShare of Remora's busy time, by function.";
  return `${head}\n\n${fence}text\n${lines.join('\n')}\n${fence}`;
}

function renderTable(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, at) => (at < 2 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

export function renderCell(spread: Spread | null): string {
  if (spread === null) return '–';
  const { median, min, max, rounds } = spread;
  if (rounds === 1) return number(median);
  return `${number(median)} (${number(min)}–${number(max)})`;
}

function withUnit(value: number, unit: string): string {
  return unit === '' || unit === '%' ? `${number(value)}${unit}` : `${number(value)} ${unit}`;
}

function number(value: number): string {
  return round3(value).toLocaleString('en-US', { maximumFractionDigits: 3 });
}
