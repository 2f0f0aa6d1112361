/**
 * The shape of this project's own cases: bytes a client sends, and what must come of them. Pure.
 */
export interface EssentialCase {
  readonly name: string;
  /** latin1. */
  readonly raw: string;
  /** Whole messages that must reach the other side. */
  readonly whole: number;
  /** 0, or exactly why the connection ends (`refusals.ts`). */
  readonly refused: number;
  /** Of the first message sent: its target, where the case is about it. */
  readonly target?: string;
}

const HOST = 'Host: a.test\r\n';

/** A request head with Host: `POST /r`, these lines, the empty line. */
export function post(lines: string, body = ''): string {
  return `POST /r HTTP/1.1\r\n${HOST}${lines}\r\n${body}`;
}

export function get(target: string, lines = ''): string {
  return `GET ${target} HTTP/1.1\r\n${HOST}${lines}\r\n`;
}

/** What a smuggler wants to be read as a second request. */
export const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n';

export function refuses(name: string, raw: string, refused: number, whole = 0): EssentialCase {
  return { name, raw, whole, refused };
}

export function forwards(name: string, raw: string, whole = 1): EssentialCase {
  return { name, raw, whole, refused: 0 };
}

export function targets(raw: string, target: string): EssentialCase {
  return { name: `${raw} is sent as ${target}`, raw: get(raw), whole: 1, refused: 0, target };
}
