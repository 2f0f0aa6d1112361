/**
 * A gRPC probe as kubelet means it: one `grpc.health.v1.Health/Check`, in the clear.
 *
 * The two messages have one field each (`service = 1` and `status = 1`), so they are written and
 * read here. `node:http2` is loaded by the first probe: few applications have any.
 *
 * Owns its connection, one for each probe: one that stays open would hide that no other is taken.
 */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { formatAddress } from '@remora/api/destination.ts';
import * as limits from '../limits.ts';
import type { ProbeTarget } from './probe-page.ts';

/** What `HealthCheckResponse.status` says. */
const SERVING = 1;
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const GRPC_OK = '0';
const GRPC_NOT_FOUND = '5';
const GRPC_UNIMPLEMENTED = '12';
/** A message's flag for compression and its length, before it. */
const PREFIX_BYTES = 5;
const WORDS_MAX = 200;

/** Null: it serves; else what it said. */
export async function probeGrpc(
  { host, port, service }: ProbeTarget,
  signal: AbortSignal,
): Promise<string | null> {
  const { connect } = await import('node:http2');
  // An abort while that was loading reaches no listener added now.
  if (signal.aborted) return 'given up';
  let session: ClientHttp2Session;
  try {
    session = connect(`http://${formatAddress(host, port)}`);
  } catch (error) {
    return String(error); // A host that no URL can have.
  }
  return await new Promise((resolve) => {
    const finish = (why: string | null): void => {
      resolve(why);
      session.destroy();
    };
    session.once('error', ({ message }) => finish(message));
    session.once('close', () => finish('the connection closed'));
    signal.addEventListener('abort', () => finish('given up'), { once: true });
    const request = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'remora-probe',
      te: 'trailers',
    });
    hear(request, finish);
    request.end(checkRequest(service));
  });
}

function hear(request: ClientHttp2Stream, finish: (why: string | null) => void): void {
  let status = 0;
  let fields: IncomingHttpHeaders = {};
  let body = Buffer.alloc(0);
  request.once('error', ({ message }) => finish(message));
  request.once('response', (head) => {
    status = head[':status'] ?? 0;
    fields = head; // A refusal may be all in the head: "trailers only".
  });
  request.on('trailers', (trailers) => {
    fields = trailers;
  });
  request.on('data', (chunk: Buffer) => {
    body = Buffer.concat([body, chunk]);
    if (body.length > limits.probeAnswerBytesMax) finish('its answer is too long');
  });
  request.once('end', () => finish(status === 200 ? verdict(fields, body) : `HTTP ${status}`));
}

function verdict(fields: IncomingHttpHeaders, body: Buffer): string | null {
  const code = String(fields['grpc-status'] ?? 'missing');
  if (code === GRPC_UNIMPLEMENTED) return 'it has no service grpc.health.v1.Health';
  if (code === GRPC_NOT_FOUND) return 'it knows no such service';
  if (code !== GRPC_OK) {
    return `grpc-status ${code} ${String(fields['grpc-message'] ?? '').slice(0, WORDS_MAX)}`;
  }
  const status = statusOf(body);
  if (status === SERVING) return null;
  return status === -1 ? 'its answer is no HealthCheckResponse' : `it says ${STATUSES[status]}`;
}

/** With a name below 16 KiB, which the page's head cannot reach. */
function checkRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const size = name.length < 0x80 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a, ...size), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** An index of STATUSES; -1: it is none. Left out, a field is 0. */
function statusOf(body: Buffer): number {
  if (body.length < PREFIX_BYTES || body[0] !== 0) return -1;
  const message = body.subarray(PREFIX_BYTES);
  if (message.length !== body.readUInt32BE(1)) return -1;
  if (message.length === 0) return 0;
  const [tag, status = -1] = message;
  return message.length === 2 && tag === 0x08 && status < STATUSES.length ? status : -1;
}
