/**
 * One plot: for each scenario and proxy, what share was good, what the upstream was made to carry,
 * and how long recovery took. Pure. Called by `publish.ts`.
 */
import { COMPARED, comparedRuns, type Outcome } from './markdown.ts';

const LABEL_WIDTH = 340;
const PANEL_WIDTH = 220;
const PANEL_GAP = 70;
const ROW = 16;
const GROUP_GAP = 8;
const HEAD = 48;
const COLOURS = ['#0b6e99', '#b8860b', '#a23b3b', '#666666'];
const STYLE =
  'text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.value{font-size:10px}' +
  '@media(prefers-color-scheme:dark){text{fill:#ddd}}';

interface Bar {
  readonly label: string;
  readonly colour: string;
  readonly y: number;
  readonly values: readonly (number | null | undefined)[];
}

export function renderPlot(outcome: Outcome): string {
  const bars = barsOf(outcome);
  const width = LABEL_WIDTH + COMPARED.length * (PANEL_WIDTH + PANEL_GAP);
  const height = (bars.at(-1)?.y ?? HEAD) + ROW * 2;
  const panels = COMPARED.map((_, at) => renderPanel(bars, at));
  const labels = bars.map(
    ({ label, colour, y }) =>
      `<rect x="8" y="${y + 2}" width="10" height="10" fill="${colour}"/>` +
      `<text x="24" y="${y + 12}">${escaped(label)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>What clients, upstreams and recovery made of each scenario</title>
<style>${STYLE}</style>
${labels.join('\n')}
${panels.join('\n')}
</svg>
`;
}

function barsOf(outcome: Outcome): readonly Bar[] {
  let y = HEAD;
  return comparedRuns(outcome)
    .filter((run) => [...outcome.values()].some((runs) => runs.get(run)?.['load'] !== undefined))
    .flatMap((run) => {
      const bars = [...outcome].map(([subject, runs], at) => {
        const values = COMPARED.map(({ key }) => runs.get(run)?.[key]);
        const colour = COLOURS[at % COLOURS.length]!;
        const bar = { label: `${run}: ${subject}`, colour, y, values };
        y += ROW;
        return bar;
      });
      y += GROUP_GAP;
      return bars;
    });
}

function renderPanel(bars: readonly Bar[], at: number): string {
  const { title, unit } = COMPARED[at]!;
  const x = LABEL_WIDTH + at * (PANEL_WIDTH + PANEL_GAP);
  const known = bars.flatMap(({ values }) => values[at] ?? []);
  const scale = PANEL_WIDTH / Math.max(1, ...known);
  const head = `${title}${unit === '' ? '' : `, ${unit}`}`;
  return [
    `<text class="title" x="${x}" y="${HEAD - 18}">${escaped(head)}</text>`,
    ...bars.map(({ values, colour, y }) => renderBar(values[at], { x, y, scale, colour })),
  ].join('\n');
}

function renderBar(
  value: number | null | undefined,
  place: {
    readonly x: number;
    readonly y: number;
    readonly scale: number;
    readonly colour: string;
  },
): string {
  const { x, y, scale, colour } = place;
  if (value === undefined) return '';
  if (value === null) return `<text class="value" x="${x}" y="${y + 11}">never</text>`;
  const width = (value * scale).toFixed(1);
  const text = Number(value.toFixed(2));
  return (
    `<rect x="${x}" y="${y + 2}" width="${width}" height="${ROW - 5}" fill="${colour}"/>` +
    `<text class="value" x="${(x + value * scale + 4).toFixed(1)}" y="${y + 11}">${text}</text>`
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
