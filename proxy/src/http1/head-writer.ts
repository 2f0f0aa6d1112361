/**
 * Writes heads: start line, Host and framing anew, then the validated field lines byte for byte.
 *
 * What is left out: everything hop-by-hop and what Connection names, the framing that was read, and
 * what the edits remove. Kept lines that stand together are copied in one go; a header object, or
 * a line-by-line join, was refused: both cost more than the parse.
 *
 * Every writer takes where to begin and gives where it ended; none checks room: size `out` by
 * `headRoom`. The final CRLF is the caller's (`endHead`), so that telemetry adds its lines between.
 *
 * Pure. Called by the exchange once per message. Budget: no allocation; `bench/hop`.
 */
import type { HeaderEdits } from '../routing/compiled.ts';
import {
  BODY_CHUNKED,
  BODY_LENGTH,
  BODY_NONE,
  BODY_UNTIL_CLOSE,
  isBodiless,
} from './body-framing.ts';
import { FIELD, type Head, NAME_START, NO_LENGTH } from './head.ts';
import { ascii, CR, LF, QUESTION, SP, writeDecimal } from './octets.ts';
import { writeCodings } from './transfer-coding.ts';

/** How a request head is written; reused, set before each call. */
export class RequestWrite {
  /** The path to send instead of the head's; the query stays. */
  path: Uint8Array | null = null;
  /** The authority to send instead of the head's. */
  authority: Uint8Array | null = null;
  /** The upstream is asked to say 100 as the client asked us. */
  keepExpect = false;
  /** The peer is a Remora: `x-remora-*` may pass. */
  keepRemora = false;
  /** The caller writes x-request-id, traceparent and B3 itself. */
  dropTrace = false;
  /** Its trace is not continued: `tracestate` belongs to no trace and is left out. */
  dropTraceState = false;

  reset(): void {
    this.path = null;
    this.authority = null;
    this.keepExpect = false;
    this.keepRemora = false;
    this.dropTrace = false;
    this.dropTraceState = false;
  }
}

/** How a response head is written; reused, set before each call. */
export class ResponseWrite {
  /** This is the connection's last answer. */
  close = false;
  /** 10 or 11, of the request. */
  clientVersion = 11;
  keepRemora = false;

  reset(): void {
    this.close = false;
    this.clientVersion = 11;
    this.keepRemora = false;
  }
}

const HOP_BY_HOP =
  (1 << FIELD.HOST) |
  (1 << FIELD.CONNECTION) |
  (1 << FIELD.CONTENT_LENGTH) |
  (1 << FIELD.TRANSFER_ENCODING) |
  (1 << FIELD.TE) |
  (1 << FIELD.UPGRADE) |
  (1 << FIELD.EXPECT) |
  (1 << FIELD.KEEP_ALIVE) |
  (1 << FIELD.PROXY) |
  (1 << FIELD.HTTP2_SETTINGS) |
  (1 << FIELD.NAMED_BY_CONNECTION);
const TRACE =
  (1 << FIELD.X_REQUEST_ID) | (1 << FIELD.TRACEPARENT) | (1 << FIELD.B3) | (1 << FIELD.X_B3);

const VERSION_AND_HOST = ascii(' HTTP/1.1\r\nhost: ');
const STATUS_LINE = ascii('HTTP/1.1 ');
const CONTENT_LENGTH = ascii('content-length: ');
const TRANSFER_ENCODING = ascii('transfer-encoding: ');
const CHUNKED = ascii('chunked\r\n');
const EXPECT_LINE = ascii('expect: 100-continue\r\n');
const TE_LINES = ascii('connection: te\r\nte: trailers\r\n');
const WEBSOCKET_LINES = ascii('connection: upgrade\r\nupgrade: websocket\r\n');
const CLOSE_LINE = ascii('connection: close\r\n');
const KEEP_ALIVE_LINE = ascii('connection: keep-alive\r\n');

/** All that the writers add to a head, at most, edits and rewrites not counted. */
const ADDED_BYTES_MAX = 256;
/** Below this a loop is faster than a call into the runtime. */
const LOOP_BYTES_MAX = 48;

/** An upper bound of what writing this head takes, its final CRLF included. */
export function headRoom(
  head: Head,
  edits: HeaderEdits | null,
  options: RequestWrite | null = null,
): number {
  let room = head.length + ADDED_BYTES_MAX;
  if (edits !== null) room += edits.append.length;
  if (head.codedChunked) room += head.length; // Codings are written with a space behind each comma.
  if (options === null) return room;
  if (options.path !== null) room += options.path.length;
  if (options.authority !== null) room += options.authority.length;
  return room;
}

export function endHead(out: Uint8Array, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** `framing` is a BODY kind of `body-framing.ts`. Where the head ended, less its final CRLF. */
export function writeRequestHead(
  out: Buffer,
  start: number,
  head: Head,
  edits: HeaderEdits | null,
  framing: number,
  options: RequestWrite,
): number {
  const slab = head.slab;
  let at = copy(out, start, slab, head.methodStart, head.methodEnd);
  out[at++] = SP;
  if (options.path === null) at = copy(out, at, slab, head.pathStart, head.pathEnd);
  else at = write(out, at, options.path);
  if (head.hasQuery) {
    out[at++] = QUESTION;
    at = copy(out, at, slab, head.queryStart, head.queryEnd);
  }
  at = write(out, at, VERSION_AND_HOST);
  if (options.authority !== null) at = write(out, at, options.authority);
  else at = copy(out, at, slab, head.authorityStart, head.authorityEnd);
  at = endHead(out, at);
  at = writeFraming(out, at, head, framing);
  if (head.codedChunked) at = write(out, at, CLOSE_LINE);
  else if (head.upgradeWebsocket) at = write(out, at, WEBSOCKET_LINES);
  else if (head.teTrailers) at = write(out, at, TE_LINES);
  if (options.keepExpect && head.expectContinue) at = write(out, at, EXPECT_LINE);
  let dropped = HOP_BY_HOP;
  if (!options.keepRemora) dropped |= 1 << FIELD.REMORA;
  if (options.dropTrace) dropped |= TRACE;
  if (options.dropTraceState) dropped |= 1 << FIELD.TRACESTATE;
  if (framing !== BODY_CHUNKED) dropped |= 1 << FIELD.TRAILER;
  return writeFields(out, at, head, edits, dropped);
}

/** As `writeRequestHead`; `framing` is what `downstreamFraming` made of the response's kind. */
export function writeResponseHead(
  out: Buffer,
  start: number,
  head: Head,
  edits: HeaderEdits | null,
  framing: number,
  options: ResponseWrite,
): number {
  let at = writeStatusLine(out, start, head);
  at = writeFraming(out, at, head, framing);
  if (head.status === 101) at = write(out, at, WEBSOCKET_LINES);
  else if (head.status >= 200) at = writePersistence(out, at, framing, options);
  let dropped = HOP_BY_HOP;
  if (!options.keepRemora) dropped |= 1 << FIELD.REMORA;
  if (framing !== BODY_CHUNKED) dropped |= 1 << FIELD.TRAILER;
  return writeFields(out, at, head, edits, dropped);
}

/** The part of an answer that can be kept and sent later: no framing, nothing hop-by-hop. */
export function writeKeptHead(out: Buffer, start: number, head: Head): number {
  const ofOneRequest = (1 << FIELD.REMORA) | (1 << FIELD.X_REQUEST_ID);
  const dropped = HOP_BY_HOP | ofOneRequest | (1 << FIELD.TRAILER);
  return writeFields(out, writeStatusLine(out, start, head), head, null, dropped);
}

function writeStatusLine(out: Buffer, start: number, head: Head): number {
  let at = write(out, start, STATUS_LINE);
  at = writeDecimal(out, at, head.status);
  out[at++] = SP;
  at = copy(out, at, head.slab, head.reasonStart, head.reasonEnd);
  return endHead(out, at);
}

function writePersistence(
  out: Buffer,
  at: number,
  framing: number,
  options: ResponseWrite,
): number {
  if (options.close || framing === BODY_UNTIL_CLOSE) return write(out, at, CLOSE_LINE);
  return options.clientVersion === 10 ? write(out, at, KEEP_ALIVE_LINE) : at;
}

/** A length that was given stays, also where no body follows (HEAD, 304; RFC 9110 §8.6). */
function writeFraming(out: Buffer, at: number, head: Head, framing: number): number {
  if (framing === BODY_CHUNKED) {
    const codings = write(out, at, TRANSFER_ENCODING);
    return write(out, head.codedChunked ? writeCodings(out, codings, head) : codings, CHUNKED);
  }
  const none = framing === BODY_NONE && head.contentLength !== NO_LENGTH && mayNameLength(head);
  if (framing !== BODY_LENGTH && !none) return at;
  const digits = write(out, at, CONTENT_LENGTH);
  return endHead(out, writeDecimal(out, digits, head.contentLength));
}

/** Requests have status 0. */
function mayNameLength(head: Head): boolean {
  return head.status === 0 || head.status === 304 || !isBodiless(head.status);
}

function writeFields(
  out: Buffer,
  start: number,
  head: Head,
  edits: HeaderEdits | null,
  dropped: number,
): number {
  const { slab, spans, ids, fieldCount } = head;
  const removes = edits === null || edits.removes.length === 0 ? null : edits.removes;
  let at = start;
  let runStart = -1;
  for (let field = 0; field < fieldCount; field++) {
    const lineStart = spans[field * 4 + NAME_START]!;
    const leave =
      ((dropped >>> ids[field]!) & 1) === 1 ||
      (removes !== null && isRemoved(head, field, removes));
    if (leave) {
      if (runStart >= 0) at = copy(out, at, slab, runStart, lineStart);
      runStart = -1;
    } else if (runStart < 0) {
      runStart = lineStart;
    }
  }
  // The head's last two bytes are its empty line.
  if (runStart >= 0) at = copy(out, at, slab, runStart, head.length - 2);
  return edits === null ? at : write(out, at, edits.append);
}

function isRemoved(head: Head, field: number, removes: readonly Uint8Array[]): boolean {
  for (let i = 0; i < removes.length; i++) {
    if (head.nameIs(field, removes[i]!)) return true;
  }
  return false;
}

function copy(out: Buffer, start: number, from: Buffer, begin: number, end: number): number {
  let at = start;
  if (end - begin > LOOP_BYTES_MAX) return at + from.copy(out, at, begin, end);
  for (let i = begin; i < end; i++) out[at++] = from[i]!;
  return at;
}

function write(out: Buffer, start: number, bytes: Uint8Array): number {
  if (bytes.length > LOOP_BYTES_MAX) {
    out.set(bytes, start);
    return start + bytes.length;
  }
  let at = start;
  for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i]!;
  return at;
}
