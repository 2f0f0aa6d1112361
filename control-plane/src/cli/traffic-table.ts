/**
 * The table of `remora top` and `remora stat`: a line for each route, source and version.
 *
 * Pure. Tests: `traffic-table.test.ts`.
 */
import { compareText } from '../compare-text.ts';
import type { Line, Piece, Style } from '../dev/line.ts';
import { msText, percentText } from '../dev/route-table.ts';

export interface TrafficRow {
  readonly destination: string;
  readonly rule: string;
  /** The workload that asks. */
  readonly source: string;
  /** '' for what was answered without one. */
  readonly backend: string;
  readonly requestsPerSecond: number;
  readonly successRatio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const TITLES = ['ROUTE', 'FROM', 'TO', 'REQ/S', 'SUCCESS', 'P50', 'P99'] as const;
const TEXT_COLUMNS = 3;
const GAP = 2;
const HTTP_PORT = /:80$/;

/** `columns` null: as wide as it is. */
export function trafficTable(rows: readonly TrafficRow[], columns: number | null): Line[] {
  const cells = rows.map((row) => cellsOf(row, rows));
  const widths = TITLES.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  shrink(widths, columns);
  const titles = lineOf(TITLES, widths, () => 'dim');
  const lines = cells.map((row, at) =>
    lineOf(row, widths, (column) => styleOf(column, rows[at]?.successRatio ?? null)),
  );
  return [titles, ...lines];
}

/** In an order that does not change while somebody looks: rates do, from second to second. */
export function byName(rows: readonly TrafficRow[]): TrafficRow[] {
  const nameOf = ({ destination, rule, source, backend }: TrafficRow) =>
    [destination, rule, source, backend].join(' ');
  return [...rows].sort((a, b) => compareText(nameOf(a), nameOf(b)));
}

/** As many as there is room for: the busiest. */
export function busiest(rows: readonly TrafficRow[], count: number): TrafficRow[] {
  const byRate = [...rows].sort((a, b) => b.requestsPerSecond - a.requestsPerSecond);
  return byName(byRate.slice(0, Math.max(count, 1)));
}

/** Names give way, the longest first: numbers are what a table is for. */
function shrink(widths: number[], columns: number | null): void {
  if (columns === null) return;
  const wide = () => widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1);
  while (wide() > columns) {
    const longest = Math.max(...widths.slice(0, TEXT_COLUMNS));
    if (longest <= 8) return;
    widths[widths.indexOf(longest)] = longest - 1;
  }
}

function cellsOf(row: TrafficRow, all: readonly TrafficRow[]): string[] {
  return [
    routeText(row, all),
    row.source,
    row.backend === '' ? '-' : row.backend.replace(HTTP_PORT, ''),
    row.requestsPerSecond.toFixed(1),
    row.successRatio === null ? '-' : percentText(row.successRatio),
    msText(row.p50Ms),
    msText(row.p99Ms),
  ];
}

/** A rule's id, with its destination only where there are two of that id. */
function routeText({ rule, destination }: TrafficRow, all: readonly TrafficRow[]): string {
  const name = destination.replace(HTTP_PORT, '');
  if (rule === '' || rule === 'default') return name;
  const isOne = all.every((row) => row.rule !== rule || row.destination === destination);
  return isOne ? rule : `${name} ${rule}`;
}

function lineOf(
  row: readonly string[],
  widths: readonly number[],
  styled: (column: number) => Style,
): Line {
  return row.map((text, at): Piece => {
    const width = widths[at] ?? text.length;
    const cut = text.length > width ? `${text.slice(0, width - 1)}…` : text;
    const padded = at < TEXT_COLUMNS ? cut.padEnd(width) : cut.padStart(width);
    return [at === 0 ? padded : `${' '.repeat(GAP)}${padded}`, styled(at)];
  });
}

function styleOf(column: number, success: number | null): Style {
  if (TITLES[column] === 'ROUTE') return 'bold';
  if (TITLES[column] !== 'SUCCESS' || success === null) return 'plain';
  if (success >= 0.9995) return 'green';
  return success >= 0.9 ? 'yellow' : 'red';
}
