/**
 * A line of a story: when, and what. Long texts are broken with the time column left free.
 *
 * Pure. Called by `story.ts` and `attempt-story.ts`.
 */
import { type Line, type Style, wrapText } from '../dev/line.ts';
import { timeText } from './time-text.ts';

const TIME_COLUMNS = 10;
/** A number and its unit stay on one line. */
const HARD_SPACE = '\u00a0';
const QUANTITY = /(\d) (ms|s|B|KiB|MiB)\b/g;
const HELD = `$1${HARD_SPACE}$2`;

/** `atMs` null: it belongs to the line above. */
export function storyLines(
  atMs: number | null,
  text: string,
  columns: number,
  style: Style = 'plain',
): Line[] {
  const when = atMs === null ? '' : timeText(atMs);
  const margin = `${when.padStart(TIME_COLUMNS)}  `;
  return wrapText(text.replace(QUANTITY, HELD), columns - margin.length).map((part, index) => [
    [index === 0 ? margin : ' '.repeat(margin.length), 'dim'],
    [part.replaceAll(HARD_SPACE, ' '), style],
  ]);
}

/** `a, b and c`. */
export function listText(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
