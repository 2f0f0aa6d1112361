/**
 * Access-log lines of requests that went well, held in short until some of them are laid together.
 *
 * To lay each at its request's end was refused: its code and its 700 bytes push the next request's
 * out of the caches, which cost more than the laying. Held, a line is its numbers and the texts
 * that are its own; what stands in every line is added when it is laid.
 *
 * Filled by `access-bytes.ts`, laid by `telemetry/log.ts` before anything else is written. One a
 * proxy. Budget: to lay one line 1 µs, and no allocation.
 */
import * as limits from '../limits.ts';
import { DOT, writeDecimal } from '../http1/octets.ts';
import { copy } from '../telemetry/hex-digits.ts';
import type { LineLog, LineSource } from '../telemetry/log.ts';
import { layWords, Words } from '../telemetry/words.ts';

/** Which number of a line: its place in `numbers`. */
export const NUMBER = {
  WALL_MS: 0,
  DURATION_MS: 1,
  UPSTREAM_MS: 2,
  STATUS: 3,
  REQUEST_BYTES: 4,
  RESPONSE_BYTES: 5,
  /** A sum of FLAG. */
  FLAGS: 6,
} as const;
export const NUMBERS = 7;

/** Which text of a line: the place of its end in `ends`. Each begins where the one before ends. */
export const TEXT = {
  METHOD: 0,
  AUTHORITY: 1,
  PATH: 2,
  USER_AGENT: 3,
  REQUEST_ID: 4,
  TRACE_ID: 5,
} as const;
export const TEXTS = 6;

export const FLAG = { INBOUND: 1, HTTP_10: 2 } as const;

const ZERO = 0x30;

const STARTED = new Words(',"startedAt":');
const DURATION = new Words(',"durationMs":');
const UPSTREAM = new Words(',"upstreamMs":');
const STATUS = new Words(',"status":');
const REQUEST_BYTES = new Words(',"requestBytes":');
const RESPONSE_BYTES = new Words(',"responseBytes":');
const INBOUND_METHOD = new Words(',"direction":"inbound","method":"');
const OUTBOUND_METHOD = new Words(',"direction":"outbound","method":"');
const AUTHORITY = new Words('","authority":"');
const PATH = new Words('","path":"');
const HTTP_10_AGENT = new Words('","protocol":"HTTP/1.0","userAgent":"');
const HTTP_11_AGENT = new Words('","protocol":"HTTP/1.1","userAgent":"');
const PEER = new Words('","peer":"');
const REQUEST_ID = new Words('","requestId":"');
const TRACE_ID = new Words('","traceId":"');
const NOWHERE = new Words('');

export class HeldLines implements LineSource {
  readonly numbers = new Float64Array(limits.accessHeldMax * NUMBERS);
  readonly ends = new Int32Array(limits.accessHeldMax * TEXTS);
  /** The lines' texts, one behind the other, of what can stand in JSON as it is. */
  readonly texts: Buffer = Buffer.allocUnsafeSlow(limits.accessHeldTextBytes);
  /** Addresses. */
  readonly peers: string[] = Array.from({ length: limits.accessHeldMax }, () => '');
  /** Destination, rule and backend. */
  readonly places: Words[] = Array.from({ length: limits.accessHeldMax }, () => NOWHERE);
  readonly endpoints: string[] = Array.from({ length: limits.accessHeldMax }, () => '');
  /** Lines held: where the next one's parts belong. */
  count = 0;
  /** Where the next line's texts begin. */
  textEnd = 0;
  /** What ends each line. */
  readonly #end: Words;

  constructor(end: Words) {
    this.#end = end;
  }

  /** Whether one more may be held, with texts of so many bytes. */
  hasRoom(textBytes: number): boolean {
    const isFree = this.count < limits.accessHeldMax;
    return isFree && this.textEnd + textBytes <= limits.accessHeldTextBytes;
  }

  lay(log: LineLog): void {
    const { count } = this;
    this.count = 0;
    this.textEnd = 0;
    for (let line = 0, text = 0; line < count; line++) text = this.#layLine(log, line, text);
  }

  /** Its texts begin there; returns where they end. */
  #layLine(log: LineLog, line: number, textStart: number): number {
    const { numbers, ends, texts } = this;
    const number = line * NUMBERS;
    const text = line * TEXTS;
    const wallMs = numbers[number + NUMBER.WALL_MS]!;
    const durationMs = numbers[number + NUMBER.DURATION_MS]!;
    const flags = numbers[number + NUMBER.FLAGS]!;
    const methodEnd = ends[text + TEXT.METHOD]!;
    const authorityEnd = ends[text + TEXT.AUTHORITY]!;
    const pathEnd = ends[text + TEXT.PATH]!;
    const agentEnd = ends[text + TEXT.USER_AGENT]!;
    const requestIdEnd = ends[text + TEXT.REQUEST_ID]!;
    const traceIdEnd = ends[text + TEXT.TRACE_ID]!;
    const bytesMax = limits.accessFixedBytesMax + traceIdEnd - textStart;
    const start = log.beginLine(wallMs, bytesMax);
    const { bytes: out, view } = log.batch;
    let at = layWords(view, start, STARTED);
    at = writeDecimal(out, at, Math.round(wallMs - durationMs));
    at = layMilliseconds(out, layWords(view, at, DURATION), durationMs);
    at = layWords(view, at, UPSTREAM);
    at = layMilliseconds(out, at, numbers[number + NUMBER.UPSTREAM_MS]!);
    at = layWords(view, at, STATUS);
    at = writeDecimal(out, at, numbers[number + NUMBER.STATUS]!);
    at = layWords(view, at, REQUEST_BYTES);
    at = writeDecimal(out, at, numbers[number + NUMBER.REQUEST_BYTES]!);
    at = layWords(view, at, RESPONSE_BYTES);
    at = writeDecimal(out, at, numbers[number + NUMBER.RESPONSE_BYTES]!);
    at = layWords(view, at, (flags & FLAG.INBOUND) !== 0 ? INBOUND_METHOD : OUTBOUND_METHOD);
    at = copy(out, at, texts, textStart, methodEnd);
    at = copy(out, layWords(view, at, AUTHORITY), texts, methodEnd, authorityEnd);
    at = copy(out, layWords(view, at, PATH), texts, authorityEnd, pathEnd);
    at = layWords(view, at, (flags & FLAG.HTTP_10) !== 0 ? HTTP_10_AGENT : HTTP_11_AGENT);
    at = copy(out, at, texts, pathEnd, agentEnd);
    at = layText(out, layWords(view, at, PEER), this.peers[line]!);
    at = copy(out, layWords(view, at, REQUEST_ID), texts, agentEnd, requestIdEnd);
    at = copy(out, layWords(view, at, TRACE_ID), texts, requestIdEnd, traceIdEnd);
    at = layText(out, layWords(view, at, this.places[line]!), this.endpoints[line]!);
    log.endLine(layWords(view, at, this.#end));
    return traceIdEnd;
  }
}

/** Of ASCII that needs no escape: addresses. */
function layText(out: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** To the microsecond, without zeros that say nothing. */
function layMilliseconds(out: Uint8Array, start: number, ms: number): number {
  const us = Math.round(ms * 1_000);
  const whole = Math.floor(us / 1_000);
  let at = writeDecimal(out, start, whole);
  // As a 32-bit integer: its divisions are multiplications.
  let rest = (us - whole * 1_000) | 0;
  if (rest === 0) return at;
  out[at++] = DOT;
  for (let unit = 100; rest > 0; unit = (unit / 10) | 0) {
    const digit = (rest / unit) | 0;
    out[at++] = ZERO + digit;
    rest -= digit * unit;
  }
  return at;
}
