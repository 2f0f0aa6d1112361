/**
 * A question's answer as a plot: a panel of horizontal bars for each plotted column, the median as
 * the bar and least to most as a whisker. Readable on light and dark pages. Pure.
 */
import type { Answer, Column, Question, Row } from '../questions/question.ts';
import { renderCell } from './markdown.ts';

const WIDTH = 760;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 150;
const BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 24;
const PANEL_HEAD = 44;
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .value { font-size: 11px; fill: #57606a; }
  .bar { fill: #8c959f; }
  .own { fill: #0b7285; }
  .whisker { stroke: #24292f; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .value { fill: #9ea7b3; } .whisker { stroke: #e6edf3; }
    .bar { fill: #6e7681; } .own { fill: #22b8cf; }
  }`;

export function renderSvg(question: Question, answer: Answer): string {
  const panels: string[] = [];
  let top = 0;
  for (const column of answer.columns.filter((one) => one.plotted)) {
    const rows = answer.rows.filter((row) => (row.cells[column.key] ?? null) !== null);
    if (rows.length === 0) continue;
    panels.push(renderPanel(column, rows, top));
    top += PANEL_HEAD + rows.length * ROW_HEIGHT;
  }
  const height = Math.max(top, PANEL_HEAD) + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${escaped(question.asks)}</title>
<style>${STYLE}
</style>
${panels.join('\n')}
</svg>
`;
}

function renderPanel(column: Column, rows: readonly Row[], top: number): string {
  const highest = Math.max(...rows.map((row) => row.cells[column.key]?.max ?? 0));
  const scale = highest > 0 ? BAR_WIDTH / highest : 0;
  const bars = rows.map((row, at) => renderBar(row, column, scale, top + PANEL_HEAD, at));
  return `<text class="title" x="8" y="${top + 30}">${escaped(column.title)}</text>
${bars.join('\n')}`;
}

function renderBar(row: Row, column: Column, scale: number, top: number, at: number): string {
  const spread = row.cells[column.key];
  if (spread === undefined || spread === null) return '';
  const y = top + at * ROW_HEIGHT;
  const middle = y + BAR_HEIGHT / 2;
  const x = (value: number) => (LABEL_WIDTH + value * scale).toFixed(1);
  const kind = row.peer.startsWith('Remora') ? 'bar own' : 'bar';
  const label = row.config === 'full' ? row.peer : `${row.peer}, ${row.config}`;
  const width = (spread.median * scale).toFixed(1);
  const valueX = LABEL_WIDTH + BAR_WIDTH + 8;
  return `<text x="8" y="${middle + 4}">${escaped(label)}</text>
<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}"/>
<line class="whisker" x1="${x(spread.min)}" x2="${x(spread.max)}" y1="${middle}" y2="${middle}"/>
<text class="value" x="${valueX}" y="${middle + 4}">${renderCell(spread)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
