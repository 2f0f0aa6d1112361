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
const SPACE = 0x20;
const TILDE = 0x7e;
/** Of the fields' names, the numbers, and what configuration names. */
const FIXED_BYTES_MAX = 2_048;
const LINE_BYTES_MAX =
  FIXED_BYTES_MAX + REQUEST_ID_BYTES_MAX + limits.recordTextMax + 3 * limits.accessTextMax;

const STARTED = new Words(',"startedAt":');
const DURATION = new Words(',"durationMs":');
const UPSTREAM = new Words(',"upstreamMs":');
const INBOUND_METHOD = new Words(',"direction":"inbound","method":"');
const OUTBOUND_METHOD = new Words(',"direction":"outbound","method":"');
const AUTHORITY = new Words('","authority":"');
const PATH = new Words('","path":"');
const HTTP_10 = new Words('","protocol":"HTTP/1.0","status":');
const HTTP_11 = new Words('","protocol":"HTTP/1.1","status":');
const REQUEST_BYTES = new Words(',"isFailed":false,"cause":null,"detail":"","requestBytes":');
const RESPONSE_BYTES = new Words(',"responseBytes":');
const PEER = new Words(',"peer":"');
const AGENT = new Words('","userAgent":"');
const REQUEST_ID = new Words('","requestId":"');
const TRACE_ID = new Words('","traceId":"');

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
  /** The log's batch, twice. */
  #out: Buffer;
  #view: DataView;
  #at = 0;
  /** Which field is `user-agent`; -1: none. */
  #agent = -1;

  constructor(access: AccessLog, identity: ProxyIdentity, ids: IdSource) {
    this.#access = access;
    this.#ids = ids;
    ({ bytes: this.#out, view: this.#view } = access.batch);
    const name = JSON.stringify(identity.name);
    this.#end = new Words(`","attempts":1,"retries":[],"proxy":${name},"msg":"request"}\n`);
  }

  /** False: it is left to the record. True: it was written, or there was no room for it. */
  add(source: RecordSource, status: number, nowMs: number, wallMs: number): boolean {
    const access = this.#access;
    const { sample } = access;
    if (sample < 1 && !isSampled(traceIdText(source.request, this.#ids), sample)) return true;
    this.#agent = source.request.find(USER_AGENT);
    // A client that left may be worth a warning.
    if (status === CLIENT_LEFT || !isPlain(source, this.#agent)) return false;
    this.#at = access.beginLine(wallMs, LINE_BYTES_MAX);
    if (this.#at === NO_ROOM) return true;
    ({ bytes: this.#out, view: this.#view } = access.batch);
    if (!this.#write(source, status, nowMs, wallMs)) return false; // What was laid is laid over.
    access.endLine(this.#at);
    return true;
  }

  #write(source: RecordSource, status: number, nowMs: number, wallMs: number): boolean {
    const { request, trail, role, downstream, target, startedAtMs } = source;
    const note = trail.attempts[0]!;
    const durationMs = nowMs - startedAtMs;
    this.#raw(STARTED);
    this.#milliseconds(wallMs - durationMs);
    this.#raw(DURATION);
    this.#milliseconds(durationMs);
    this.#raw(UPSTREAM);
    this.#milliseconds(note.answeredAtMs - note.sentAtMs);
    this.#raw(role.direction === 'inbound' ? INBOUND_METHOD : OUTBOUND_METHOD);
    if (!this.#bytes(request.slab, request.methodStart, request.methodEnd)) return false;
    this.#raw(AUTHORITY);
    if (!this.#bytes(request.slab, request.authorityStart, request.authorityEnd)) return false;
    this.#raw(PATH);
    if (!this.#bytes(request.slab, request.pathStart, pathAndQueryEnd(request))) return false;
    this.#raw(request.version === 10 ? HTTP_10 : HTTP_11);
    this.#decimal(status);
    this.#raw(REQUEST_BYTES);
    this.#decimal(trail.requestBytes);
    this.#raw(RESPONSE_BYTES);
    this.#decimal(trail.responseBytes);
    this.#raw(PEER);
    this.#text(downstream.peer);
    this.#raw(AGENT);
    if (!this.#userAgent(request)) return false;
    this.#raw(REQUEST_ID);
    const idStart = this.#at;
    this.#at = writeRequestId(this.#out, this.#at, request, this.#ids);
    if (!isPlainText(this.#out, idStart, this.#at)) return false;
    this.#raw(TRACE_ID);
    this.#at = writeTraceId(this.#out, this.#at, request, this.#ids);
    this.#raw(this.#placeOf(target!, source));
    this.#text(note.endpoint!.key);
    this.#raw(this.#end);
    return true;
  }

  #userAgent(request: Head): boolean {
    if (this.#agent === -1) return true;
    const at = this.#agent * 4;
    const start = request.spans[at + VALUE_START]!;
    return this.#bytes(request.slab, start, request.spans[at + VALUE_END]!);
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

  #raw(words: Words): void {
    this.#at = layWords(this.#view, this.#at, words);
  }

  #decimal(value: number): void {
    this.#at = writeDecimal(this.#out, this.#at, value);
  }

  /** Of ASCII that needs no escape: addresses. */
  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#out[this.#at++] = text.charCodeAt(i);
  }

  /** False: something in it can't stand in JSON as it is. */
  #bytes(from: Uint8Array, start: number, end: number): boolean {
    const out = this.#out;
    let at = this.#at;
    for (let i = start; i < end; i++) {
      const byte = from[i]!;
      if (byte < SPACE || byte > TILDE || byte === QUOTE || byte === BACKSLASH) return false;
      out[at++] = byte;
    }
    this.#at = at;
    return true;
  }

  /** To the microsecond, without zeros that say nothing. */
  #milliseconds(ms: number): void {
    const us = Math.round(ms * 1_000);
    const whole = Math.floor(us / 1_000);
    this.#decimal(whole);
    // As a 32-bit integer: its divisions are multiplications.
    let rest = (us - whole * 1_000) | 0;
    if (rest === 0) return;
    const out = this.#out;
    out[this.#at++] = DOT;
    for (let unit = 100; rest > 0; unit = (unit / 10) | 0) {
      const digit = (rest / unit) | 0;
      out[this.#at++] = ZERO + digit;
      rest -= digit * unit;
    }
  }
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
