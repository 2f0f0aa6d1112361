/**
 * The access-log line of a request that went well, without a record of it: bytes to bytes.
 *
 * Of a full access log nearly all lines are of such requests, and making a record only to write it
 * down costs four times the line. What is not plain (several attempts, long or unusual text) is
 * left to the record, whose line says the same: `access-bytes.test.ts` holds them equal.
 *
 * One a proxy. Budget: no allocation but for a target's first line, 2 µs.
 */
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { ascii, writeDecimal } from '../http1/octets.ts';
import { type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import { isSampled } from '../telemetry/access-filter.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import { NO_ROOM } from '../telemetry/log.ts';
import {
  REQUEST_ID_BYTES_MAX,
  traceIdText,
  writeRequestId,
  writeTraceId,
} from '../telemetry/trace-context.ts';
import { layWords, Words } from '../telemetry/words.ts';
import type { RecordSource } from './record.ts';
import { NEVER } from './trail.ts';

const USER_AGENT = ascii('user-agent');
const CLIENT_LEFT = 499;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const ZERO = 0x30;
/** Where a line would end that is left to the record. */
const NOT_PLAIN = -1;
/** What can stand in JSON as it is: of ASCII all but controls, the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return Number(byte >= 0x20 && byte <= 0x7e && byte !== QUOTE && byte !== BACKSLASH);
});
/** Of the fields' names, the numbers, and what configuration names. */
const FIXED_BYTES_MAX = 2_048;
const LINE_BYTES_MAX =
  FIXED_BYTES_MAX + REQUEST_ID_BYTES_MAX + limits.recordTextMax + 3 * limits.accessTextMax;

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
const WENT_WELL = '","isFailed":false,"cause":null,"detail":"","attempts":1,"retries":[]';

export class AccessBytes {
  readonly #access: AccessLog;
  readonly #ids: IdSource;
  /** What ends each line. */
  readonly #end: Words;
  /** Destination, rule and backend as they stand in a line, up to the endpoint's name. */
  readonly #places = new WeakMap<Rule, WeakMap<Target, Words>>();
  /** The last one, and whose it is: finding it costs more than laying it. */
  #place: Words | null = null;
  #rule: Rule | null = null;
  #target: Target | null = null;
  /** Which field is `user-agent`; -1: none. */
  #agent = -1;

  constructor(access: AccessLog, identity: ProxyIdentity, ids: IdSource) {
    this.#access = access;
    this.#ids = ids;
    const name = JSON.stringify(identity.name);
    this.#end = new Words(`${WENT_WELL},"proxy":${name},"msg":"request"}\n`);
  }

  /** False: it is left to the record. True: it was written, or there was no room for it. */
  add(source: RecordSource, status: number, nowMs: number, wallMs: number): boolean {
    const access = this.#access;
    const { sample } = access;
    if (sample < 1 && !isSampled(traceIdText(source.request, this.#ids), sample)) return true;
    this.#agent = source.request.find(USER_AGENT);
    // A client that left may be worth a warning.
    if (status === CLIENT_LEFT || !isPlain(source, this.#agent)) return false;
    const start = access.beginLine(wallMs, LINE_BYTES_MAX);
    if (start === NO_ROOM) return true;
    const end = this.#write(source, start, status, nowMs, wallMs);
    if (end === NOT_PLAIN) return false; // What was laid is laid over.
    access.endLine(end);
    return true;
  }

  /** Where the line ends, or NOT_PLAIN. */
  #write(
    source: RecordSource,
    start: number,
    status: number,
    nowMs: number,
    wallMs: number,
  ): number {
    const { request, trail, role, downstream, target, startedAtMs } = source;
    const { slab, spans } = request;
    const { bytes: out, view } = this.#access.batch;
    const note = trail.attempts[0]!;
    const durationMs = nowMs - startedAtMs;
    let at = layWords(view, start, STARTED);
    at = writeDecimal(out, at, Math.round(wallMs - durationMs));
    at = layMilliseconds(out, layWords(view, at, DURATION), durationMs);
    at = layWords(view, at, UPSTREAM);
    at = layMilliseconds(out, at, note.answeredAtMs - note.sentAtMs);
    at = writeDecimal(out, layWords(view, at, STATUS), status);
    at = writeDecimal(out, layWords(view, at, REQUEST_BYTES), trail.requestBytes);
    at = writeDecimal(out, layWords(view, at, RESPONSE_BYTES), trail.responseBytes);
    at = layWords(view, at, role.direction === 'inbound' ? INBOUND_METHOD : OUTBOUND_METHOD);
    at = layPlain(out, at, slab, request.methodStart, request.methodEnd);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = layWords(view, at, AUTHORITY);
    at = layPlain(out, at, slab, request.authorityStart, request.authorityEnd);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = layWords(view, at, PATH);
    at = layPlain(out, at, slab, request.pathStart, pathAndQueryEnd(request));
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = layWords(view, at, request.version === 10 ? HTTP_10_AGENT : HTTP_11_AGENT);
    if (this.#agent !== -1) {
      const field = this.#agent * 4;
      at = layPlain(out, at, slab, spans[field + VALUE_START]!, spans[field + VALUE_END]!);
      if (at === NOT_PLAIN) return NOT_PLAIN;
    }
    at = layText(out, layWords(view, at, PEER), downstream.peer);
    const id = layWords(view, at, REQUEST_ID);
    at = writeRequestId(out, id, request, this.#ids);
    if (!isPlainText(out, id, at)) return NOT_PLAIN;
    at = writeTraceId(out, layWords(view, at, TRACE_ID), request, this.#ids);
    at = layWords(view, at, this.#placeOf(target!, source));
    return layWords(view, layText(out, at, note.endpoint!.key), this.#end);
  }

  #placeOf(target: Target, { trail, rule }: RecordSource): Words {
    if (this.#rule === rule && this.#target === target) return this.#place!;
    let ofRule = this.#places.get(rule!);
    if (ofRule === undefined) this.#places.set(rule!, (ofRule = new WeakMap()));
    let place = ofRule.get(target);
    if (place === undefined) {
      const destination = JSON.stringify(trail.destination?.key ?? '');
      const backend = JSON.stringify(target.backend!.key);
      const names = `"rule":${JSON.stringify(rule!.id)},"backend":${backend},"endpoint":"`;
      place = new Words(`","destination":${destination},${names}`);
      ofRule.set(target, place);
    }
    this.#place = place;
    this.#rule = rule;
    this.#target = target;
    return place;
  }
}

/** Of ASCII that needs no escape: addresses. */
function layText(out: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[start + i] = text.charCodeAt(i);
  return start + text.length;
}

/** NOT_PLAIN: something in it can't stand in JSON as it is. */
function layPlain(
  out: Uint8Array,
  start: number,
  from: Uint8Array,
  begin: number,
  end: number,
): number {
  const shift = start - begin;
  for (let at = begin; at < end; at++) {
    const byte = from[at]!;
    if (PLAIN[byte] === 0) return NOT_PLAIN;
    out[at + shift] = byte;
  }
  return end + shift;
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

/** One attempt, answered; no text that a line would cut. */
function isPlain({ request, trail, target, rule }: RecordSource, agent: number): boolean {
  if (trail.count !== 1 || rule === null || (target?.backend ?? null) === null) return false;
  const { endpoint, sentAtMs, answeredAtMs } = trail.attempts[0]!;
  if (endpoint === null || sentAtMs === NEVER || answeredAtMs === NEVER) return false;
  if (request.hasQuery && request.queryStart !== request.pathEnd + 1) return false;
  const authority = request.authorityEnd - request.authorityStart;
  const path = pathAndQueryEnd(request) - request.pathStart;
  return (
    authority <= limits.accessTextMax &&
    path <= limits.recordTextMax &&
    request.methodEnd - request.methodStart <= limits.accessTextMax &&
    valueBytes(request, agent) <= limits.accessTextMax
  );
}

/** The query follows its question mark. */
function pathAndQueryEnd(request: Head): number {
  return request.hasQuery ? request.queryEnd : request.pathEnd;
}

function valueBytes(request: Head, field: number): number {
  if (field === -1) return 0;
  return request.spans[field * 4 + VALUE_END]! - request.spans[field * 4 + VALUE_START]!;
}

function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] === QUOTE || bytes[at] === BACKSLASH) return false;
  }
  return true;
}
