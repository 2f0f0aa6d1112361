/**
 * What Remora answers itself: which status, and what it says to whoever reads it at three in the
 * morning: the code, the cause, and the next thing to look at.
 *
 * Called by `exchange.ts`. Not hot: text is fine here.
 */
import { type ErrorCode, errorSpec } from '@remora/api/errors.ts';
import { type Head, METHOD } from '../http1/head.ts';
import { localResponseRoom, writeLocalResponse } from '../http1/local-response.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import { requestIdText } from '../telemetry/trace-context.ts';
import type { AnswerExtra, ExchangeWorld } from './exchange-world.ts';
import { KEEP_LINE } from './trace-marks.ts';
import type { Trail } from './trail.ts';

/** Where the answer ends in scratch. */
export function layAnswer(
  world: ExchangeWorld,
  request: Head,
  answer: {
    readonly code: ErrorCode;
    readonly detail: string;
    readonly close: boolean;
    readonly marksTrace: boolean;
    readonly extra: AnswerExtra;
  },
  trail: Trail,
): number {
  const { code, detail, close, marksTrace, extra } = answer;
  const spec = errorSpec(code);
  const id = requestIdText(request, world.ids);
  const named = requestIdLine(request, world.ids);
  const mark = marksTrace ? String(KEEP_LINE) : '';
  const body = `remora: ${code}: ${detail}\nnext: ${spec.hint}\nrequest: ${id}\n`;
  if (request.method !== METHOD.HEAD) trail.responseBytes = Buffer.byteLength(body);
  return lay(world, {
    status: extra.status ?? spec.status,
    code,
    body,
    lines: `${named}${mark}${retryAfter(extra)}${persistence(request, close)}`,
    close,
    headOnly: request.method === METHOD.HEAD,
  });
}

export function layRedirect(
  world: ExchangeWorld,
  request: Head,
  status: number,
  location: string,
  close: boolean,
): number {
  const id = requestIdLine(request, world.ids);
  return lay(world, {
    status,
    code: null,
    body: '',
    lines: `location: ${location}\r\n${id}${persistence(request, close)}`,
    close,
    headOnly: request.method === METHOD.HEAD,
  });
}

/** The field that names the request in its answer. */
export function requestIdLine(request: Head, ids: IdSource): string {
  return `x-request-id: ${requestIdText(request, ids)}\r\n`;
}

/** In whole seconds, never too early (RFC 9110 §10.2.3). */
function retryAfter({ retryAfterMs = 0 }: AnswerExtra): string {
  return retryAfterMs > 0 ? `retry-after: ${Math.ceil(retryAfterMs / 1_000)}\r\n` : '';
}

/** An HTTP/1.0 client takes silence for a close (RFC 9112 §9.3). */
function persistence(request: Head, close: boolean): string {
  return !close && request.version === 10 ? 'connection: keep-alive\r\n' : '';
}

function lay(world: ExchangeWorld, answer: Parameters<typeof writeLocalResponse>[2]): number {
  return writeLocalResponse(world.scratch.take(localResponseRoom(answer)), 0, answer);
}
