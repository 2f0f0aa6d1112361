/**
 * How a verb's lines reach standard output: in colour only on a terminal, never with NO_COLOR, and
 * cleaned, since requests and files have a say in what is printed.
 *
 * Called by the verbs that look.
 */
import { type Line, paintLine, printable } from '../dev/line.ts';
import type { Io } from './verb.ts';

/** Where there is no terminal to ask. */
const COLUMNS_USUAL = 100;

export interface Painter {
  /** Prose is broken at so many characters. */
  readonly columns: number;
  /** Cut at the edge of a terminal; whole in a file or a pipe. */
  line(line: Line): void;
  /** To standard error. */
  warn(text: string): void;
}

export function painterOf(io: Io): Painter {
  const { isTTY, columns = COLUMNS_USUAL } = io.terminal;
  const edge = isTTY === true ? columns : Number.POSITIVE_INFINITY;
  const isColored = hasColor(io);
  return {
    columns: Math.min(columns, COLUMNS_USUAL),
    line: (line) => io.out(paintLine(line, edge, isColored)),
    warn: (text) => io.err(printable(text)),
  };
}

export function isLive({ terminal, env }: Pick<Io, 'terminal' | 'env'>): boolean {
  return terminal.isTTY === true && env['TERM'] !== 'dumb';
}

export function hasColor(io: Pick<Io, 'terminal' | 'env'>): boolean {
  return isLive(io) && (io.env['NO_COLOR'] ?? '') === '';
}
