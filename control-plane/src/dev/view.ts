/**
 * The live view as lines of text, for any size of terminal.
 *
 * What is wrong comes before what is measured, because nobody looks for it. When the screen is
 * short, older events give way first, then the commands to try, then routes; the title and the
 * problems never. Frames are compared by whoever draws: this only says what a frame is.
 *
 * Pure. Called by `screen.ts`. Tests: `view.test.ts`.
 */
import { type Line, paintLine, wrapCommand, wrapText } from './line.ts';
import { outcomeOf, type Problem } from '../files/problem.ts';
import { routeTable } from './route-table.ts';
import type { InstanceView, Try, ViewEvent, ViewState } from './view-state.ts';

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  readonly hasColor: boolean;
}

const COLUMNS_MIN = 40;
const PROBLEMS_MAX = 3;
const EVENTS_MIN = 1;
const EVENTS_MAX = 8;
const TROUBLED_MAX = 3;
const ROUTES_LINES_MIN = 4;

/** At most `rows` lines of at most `columns` characters. */
export function renderView(state: ViewState, size: ViewSize): string[] {
  const columns = Math.max(size.columns, COLUMNS_MIN);
  const top = [titleLine(state, columns), ...problemLines(state.problems, columns)];
  top.push(...troubledLines(state.instances), []);
  let table = routeTable(state.routes, columns);
  if (state.routes.length === 0) table = [[['No request has been made yet.', 'dim']]];

  const roomBelow = size.rows - top.length - table.length;
  const tries = triesThatFit(state.tries, columns, roomBelow - EVENTS_MIN - 1);
  const eventRoom = Math.min(roomBelow - tries.length - 1, EVENTS_MAX);
  const events = eventLines(state.events, Math.max(eventRoom, EVENTS_MIN));
  table = shortened(table, Math.max(size.rows - top.length - events.length - 1, ROUTES_LINES_MIN));

  const lines = [...top, ...table, ...(events.length > 0 ? [[], ...events] : []), ...tries];
  return lines.slice(0, size.rows).map((line) => paintLine(line, columns, size.hasColor));
}

/** As many of them, the first ones, as there is room for. */
function triesThatFit(tries: readonly Try[], columns: number, room: number): Line[] {
  for (let count = tries.length; count > 0; count--) {
    const lines = tryLines(tries.slice(0, count), columns);
    if (lines.length <= room) return lines;
  }
  return [];
}

function titleLine(state: ViewState, columns: number): Line {
  const ready = state.instances.filter((instance) => instance.state === 'ready').length;
  const isWhole = ready === state.instances.length;
  const count = `${ready} of ${state.instances.length} instances ready`;
  const right = `up ${durationText(state.upMs)} · Ctrl-C ends`;
  const places = state.places.map(([name, address]) => ` · ${name} ${address}`).join('');
  const left = `remora dev ${state.folder} · ${count}`;
  const isRoomy = left.length + places.length + right.length + 2 <= columns;
  const gap = columns - left.length - (isRoomy ? places.length : 0) - right.length;
  return [
    ['remora dev ', 'bold'],
    `${state.folder} · `,
    [count, isWhole ? 'green' : 'yellow'],
    isRoomy ? places : '',
    [`${' '.repeat(Math.max(gap, 1))}${right}`, 'dim'],
  ];
}

function problemLines(problems: readonly Problem[], columns: number): Line[] {
  const lines: Line[] = [];
  for (const problem of problems.slice(0, PROBLEMS_MAX)) {
    const where = `${problem.file}:${problem.line}`;
    const what = [problem.object, problem.field].filter((part) => part !== null).join(' ');
    lines.push([]);
    for (const [index, text] of wrapText(
      `${where} ${what === '' ? '' : `${what}: `}${problem.message}`,
      columns - 4,
    ).entries()) {
      lines.push([
        [index === 0 ? '✗ ' : '  ', 'alarm'],
        [text, 'alarm'],
      ]);
    }
    for (const text of wrapText(`→ ${problem.remedy}`, columns - 4)) lines.push([`  ${text}`]);
  }
  const more = problems.length - PROBLEMS_MAX;
  if (more > 0) lines.push([[`  and ${more} more`, 'alarm']]);
  if (lines.length > 0) lines.push([[`  ${outcomeOf(problems)}`, 'dim']]);
  return lines;
}

function troubledLines(instances: readonly InstanceView[]): Line[] {
  const troubled = instances.filter(({ state }) => state === 'down' || state === 'not ready');
  return troubled
    .slice(0, TROUBLED_MAX)
    .map(({ name, state, why }) => [[`! ${name} is ${state}: ${why}`, 'yellow']]);
}

/** The newest ones, in the order in which they happened. */
function eventLines(events: readonly ViewEvent[], count: number): Line[] {
  const styles = { good: 'green', bad: 'yellow', plain: 'plain' } as const;
  return events.slice(Math.max(0, events.length - count)).map(({ at, text, kind }) => [
    [`${at} `, 'dim'],
    [text, styles[kind]],
  ]);
}

/** Commands stand at the left edge, so that a line can be taken whole. */
function tryLines(tries: readonly Try[], columns: number): Line[] {
  const lines: Line[] = [];
  for (const [index, { what, command }] of tries.entries()) {
    lines.push([[`${index === 0 ? 'Try: ' : '     '}${index + 1}. ${what}`, 'dim']]);
    for (const part of wrapCommand(command, columns)) lines.push([[part, 'cyan']]);
  }
  return lines.length === 0 ? lines : [[], ...lines];
}

function shortened(lines: Line[], count: number): Line[] {
  if (lines.length <= count) return lines;
  const shown = lines.slice(0, count - 1);
  return [
    ...shown,
    [[`  … and ${lines.length - shown.length} more lines: a taller window`, 'dim']],
  ];
}

export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h${String(minutes % 60).padStart(2, '0')}m`;
  return minutes > 0 ? `${minutes}m${String(seconds % 60).padStart(2, '0')}s` : `${seconds}s`;
}
