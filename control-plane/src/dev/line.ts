/**
 * A line of the terminal as pieces with a style, so that it can be cut to a width and painted.
 *
 * Text from files and processes is cleaned here: a control byte in it must never reach a terminal.
 *
 * Pure. Called by `view.ts` and what it draws.
 */
import { styleText } from 'node:util';

export type Style = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'alarm';
export type Piece = string | readonly [text: string, style: Style];
export type Line = readonly Piece[];

const FORMATS = {
  bold: ['bold'],
  dim: ['dim'],
  red: ['red'],
  green: ['green'],
  yellow: ['yellow'],
  cyan: ['cyan'],
  alarm: ['bold', 'red'],
} as const satisfies Record<Exclude<Style, 'plain'>, readonly string[]>;

/** At most `columns` characters; what is cut ends in an ellipsis. */
export function paintLine(line: Line, columns: number, hasColor: boolean): string {
  const pieces = line.map((piece): readonly [text: string, style: Style] =>
    typeof piece === 'string' ? [printable(piece), 'plain'] : [printable(piece[0]), piece[1]],
  );
  let left = columns;
  const length = pieces.reduce((sum, [text]) => sum + text.length, 0);
  const isCut = length > columns;
  let painted = '';
  for (const [text, style] of pieces) {
    if (left <= 0) break;
    const isLast = isCut && text.length >= left;
    const shown = isLast ? `${text.slice(0, left - 1)}…` : text;
    left -= shown.length;
    painted += paint(shown, style, hasColor);
  }
  return painted;
}

function paint(text: string, style: Style, hasColor: boolean): string {
  if (!hasColor || style === 'plain' || text === '') return text;
  return styleText([...FORMATS[style]], text, { validateStream: false });
}

/** Control characters become spaces, so that no text can move the cursor or paint. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** Breaks a shell command so that it can be pasted: at spaces, with a backslash. */
export function wrapCommand(command: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of command.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    // Two columns are kept for the backslash.
    if (longer.length > columns - 2 && line !== '') {
      lines.push(`${line} \\`);
      line = word;
    } else {
      line = longer;
    }
  }
  lines.push(line);
  return lines;
}

/** Breaks prose at spaces. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
