/**
 * Remora's own answers: errors and redirects, never to be mistaken for the application's.
 *
 * `x-remora-error` carries the code that log and metric carry too; the body is for people.
 *
 * Pure. Called by the exchange when no upstream answers. Not hot: strings are fine here.
 */
import { reasonPhrase } from './reason-phrases.ts';

export interface LocalResponse {
  readonly status: number;
  /** An ErrorCode; null: not an error (a redirect). */
  readonly code: string | null;
  readonly body: string;
  /** Whole further lines, each with CRLF (`location: /x\r\n`), checked by whoever makes them. */
  readonly lines: string;
  readonly close: boolean;
  /** The request was HEAD. */
  readonly headOnly: boolean;
}

function headText(answer: LocalResponse): string {
  const error = answer.code === null ? '' : `x-remora-error: ${answer.code}\r\n`;
  const close = answer.close ? 'connection: close\r\n' : '';
  const length = Buffer.byteLength(answer.body);
  return (
    `HTTP/1.1 ${answer.status} ${reasonPhrase(answer.status)}\r\n${error}` +
    `content-type: text/plain; charset=utf-8\r\ncontent-length: ${length}\r\n` +
    `${answer.lines}${close}\r\n`
  );
}

/** At most this many bytes. */
export function localResponseRoom(answer: LocalResponse): number {
  return headText(answer).length + Buffer.byteLength(answer.body);
}

/** Writes the answer at `at`; where it ended. */
export function writeLocalResponse(out: Buffer, at: number, answer: LocalResponse): number {
  const end = at + out.write(headText(answer), at, 'latin1');
  return answer.headOnly ? end : end + out.write(answer.body, end);
}
