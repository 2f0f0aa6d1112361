/**
 * The access-log line of a request that went well, without a record of it: bytes to bytes.
 *
 * Of a full access log nearly all lines are of such requests, and making a record only to write it
 * down costs four times the line. What is its own is copied to `held-lines.ts`, which lays many at
 * once. What is not plain (several attempts, long or unusual text) is left to the record, whose
 * line says the same: `access-bytes.test.ts` holds them equal.
 *
 * One a proxy. Budget: no allocation but for a target's first line, 1 µs.
 */
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { ascii } from '../http1/octets.ts';
import { type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import * as limits from '../limits.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import { isSampled } from '../telemetry/access-filter.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { IdSource } from '../telemetry/id-source.ts';
import {
  REQUEST_ID_BYTES_MAX,
  TRACE_DIGITS,
  traceIdText,
  writeRequestId,
  writeTraceId,
} from '../telemetry/trace-context.ts';
import { Words } from '../telemetry/words.ts';
import type { RecordSource } from './ended-request.ts';
import { FLAG, HeldLines, NUMBER, NUMBERS, TEXT, TEXTS } from './held-lines.ts';
import { NEVER } from './trail.ts';

const USER_AGENT = ascii('user-agent');
const CLIENT_LEFT = 499;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Where the texts would end of a line that is left to the record. */
const NOT_PLAIN = -1;
/** What can stand in JSON as it is: of ASCII all but controls, the quote and the backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  return Number(byte >= 0x20 && byte <= 0x7e && byte !== QUOTE && byte !== BACKSLASH);
});
/** What one line may hold of texts. */
const TEXT_BYTES_MAX =
  limits.recordTextMax + 3 * limits.accessTextMax + REQUEST_ID_BYTES_MAX + TRACE_DIGITS;
const WENT_WELL = '","isFailed":false,"cause":null,"detail":"","attempts":1,"retries":[]';

export class AccessBytes {
  readonly #access: AccessLog;
  readonly #ids: IdSource;
  readonly #held: HeldLines;
  /** Destination, rule and backend as they stand in a line, up to the endpoint's name. */
  readonly #places = new WeakMap<Rule, WeakMap<Target, Words>>();
  /** The last one, and whose it is: finding it costs more than laying it. */
  #place: Words | null = null;
  #rule: Rule | null = null;
  #target: Target | null = null;

  constructor(access: AccessLog, identity: ProxyIdentity, ids: IdSource) {
    this.#access = access;
    this.#ids = ids;
    const name = JSON.stringify(identity.name);
    const end = new Words(`${WENT_WELL},"proxy":${name},"msg":"request"}\n`);
    this.#held = new HeldLines(end);
  }

  /** False: it is left to the record. True: it is on its way, or there was no room for it. */
  add(source: RecordSource, status: number, nowMs: number, wallMs: number): boolean {
    const access = this.#access;
    const held = this.#held;
    const { sample } = access;
    if (sample < 1 && !isSampled(traceIdText(source.request, this.#ids), sample)) return true;
    const agent = source.request.find(USER_AGENT);
    // A client that left may be worth a warning.
    if (status === CLIENT_LEFT || !isPlain(source, agent)) return false;
    if (!access.takes()) return true;
    if (!held.hasRoom(TEXT_BYTES_MAX)) access.layHeld();
    const textEnd = this.#holdTexts(source.request, agent);
    if (textEnd === NOT_PLAIN) return false; // What was held is overwritten.
    const line = held.count;
    this.#holdNumbers(line * NUMBERS, source, status, nowMs, wallMs);
    held.peers[line] = source.downstream.peer;
    held.places[line] = this.#placeOf(source.target!, source);
    held.endpoints[line] = source.trail.attempts[0]!.endpoint!.key;
    held.textEnd = textEnd;
    held.count = line + 1;
    access.hold(held);
    return true;
  }

  /** Where they end, or NOT_PLAIN. `agent`: which field is `user-agent`; -1: none. */
  #holdTexts(request: Head, agent: number): number {
    const { texts, ends, count, textEnd } = this.#held;
    const { slab, spans } = request;
    const text = count * TEXTS;
    let at = copyPlain(texts, textEnd, slab, request.methodStart, request.methodEnd);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    ends[text + TEXT.METHOD] = at;
    at = copyPlain(texts, at, slab, request.authorityStart, request.authorityEnd);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    ends[text + TEXT.AUTHORITY] = at;
    at = copyPlain(texts, at, slab, request.pathStart, pathAndQueryEnd(request));
    if (at === NOT_PLAIN) return NOT_PLAIN;
    ends[text + TEXT.PATH] = at;
    if (agent !== -1) {
      const field = agent * 4;
      at = copyPlain(texts, at, slab, spans[field + VALUE_START]!, spans[field + VALUE_END]!);
      if (at === NOT_PLAIN) return NOT_PLAIN;
    }
    ends[text + TEXT.USER_AGENT] = at;
    const id = at;
    at = writeRequestId(texts, id, request, this.#ids);
    if (!isPlainText(texts, id, at)) return NOT_PLAIN;
    ends[text + TEXT.REQUEST_ID] = at;
    at = writeTraceId(texts, at, request, this.#ids);
    ends[text + TEXT.TRACE_ID] = at;
    return at;
  }

  #holdNumbers(
    at: number,
    { request, trail, role, startedAtMs }: RecordSource,
    status: number,
    nowMs: number,
    wallMs: number,
  ): void {
    const { numbers } = this.#held;
    const note = trail.attempts[0]!;
    const inbound = role.direction === 'inbound' ? FLAG.INBOUND : 0;
    numbers[at + NUMBER.WALL_MS] = wallMs;
    numbers[at + NUMBER.DURATION_MS] = nowMs - startedAtMs;
    numbers[at + NUMBER.UPSTREAM_MS] = note.answeredAtMs - note.sentAtMs;
    numbers[at + NUMBER.STATUS] = status;
    numbers[at + NUMBER.REQUEST_BYTES] = trail.requestBytes;
    numbers[at + NUMBER.RESPONSE_BYTES] = trail.responseBytes;
    numbers[at + NUMBER.FLAGS] = request.version === 10 ? inbound | FLAG.HTTP_10 : inbound;
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

/** NOT_PLAIN: something in it can't stand in JSON as it is. */
function copyPlain(
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
