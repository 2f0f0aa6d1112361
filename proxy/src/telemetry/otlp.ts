/**
 * Spans as OTLP/HTTP JSON, of one request's record: a SERVER span, and a CLIENT span for each
 * attempt that was sent. An attempt that was not sent is an event of the server span.
 *
 * Names are OpenTelemetry's HTTP conventions; what only Remora knows is `remora.*`. A span is named
 * after its rule, since paths are without number. What a trace store must not hold stays here: the
 * cohort's key, which may be a session, and signatures that a query carries by a known name.
 *
 * Pure. Called by `span-exporter.ts`. Budget: 3 µs a record with one attempt; text is put together
 * from prepared parts. Tests: `otlp.test.ts`.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import {
  countAttribute,
  hostEnd,
  markAttribute,
  nanosText,
  numberAttribute,
  portOf,
  quoted,
  repeatedAttribute,
  textAttribute,
} from './otlp-text.ts';

const HTTP_PORT = 80;
const UNSET = -1;
const KNOWN_METHODS = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' '));
/** Query keys whose values the conventions want hidden: signatures and keys of cloud storage. */
const SECRETS = [
  'AWSAccessKeyId|Signature|sig',
  'X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)',
];
const SECRET = new RegExp(`([?&])(${SECRETS.join('|')})=[^&]*`, 'g');

const errorType = textAttribute('error.type');
const method = repeatedAttribute('http.request.method');
const methodOriginal = repeatedAttribute('http.request.method_original');
const statusCode = countAttribute('http.response.status_code');
const resendCount = countAttribute('http.request.resend_count');
const requestSize = countAttribute('http.request.body.size');
const responseSize = countAttribute('http.response.body.size');
const urlScheme = repeatedAttribute('url.scheme');
const urlPath = textAttribute('url.path');
const urlQuery = textAttribute('url.query');
const urlFull = textAttribute('url.full');
const serverAddress = repeatedAttribute('server.address');
const serverPort = countAttribute('server.port');
const clientAddress = repeatedAttribute('client.address');
const clientPort = countAttribute('client.port');
const peerAddress = repeatedAttribute('network.peer.address');
const peerPort = countAttribute('network.peer.port');
const protocolVersion = repeatedAttribute('network.protocol.version');
const userAgent = repeatedAttribute('user_agent.original');
const requestId = textAttribute('remora.request_id');
const recordReason = repeatedAttribute('remora.record_reason');
const destination = repeatedAttribute('remora.destination');
const rule = repeatedAttribute('remora.rule');
const nearestRule = textAttribute('remora.nearest_rule');
const nearestWhy = textAttribute('remora.nearest_rule.why');
const backend = repeatedAttribute('remora.backend');
const splitDraw = numberAttribute('remora.split.draw');
const splitShares = textAttribute('remora.split.shares');
const cohortBy = textAttribute('remora.split.cohort_by');
const deadline = numberAttribute('remora.deadline_ms');
const cause = textAttribute('remora.cause');
const detail = textAttribute('remora.detail');
const endpoint = repeatedAttribute('remora.endpoint');
const instance = repeatedAttribute('remora.instance');
const retryReason = textAttribute('remora.retry_reason');
const isProbe = markAttribute('remora.probe');
const isReused = markAttribute('remora.connection_reused');
const isBreakerOpen = markAttribute('remora.breaker_open');
const limitInFlight = countAttribute('remora.limit.in_flight');
const limitWaiting = countAttribute('remora.limit.waiting');
const limitMax = numberAttribute('remora.limit.max');
const budgetLeft = numberAttribute('remora.retry_budget_left');

/** A list's first attribute, and so without a comma. */
const DIRECTION = {
  inbound: textAttribute('remora.direction')('inbound').slice(1),
  outbound: textAttribute('remora.direction')('outbound').slice(1),
} as const;

/** A batch is this, spans with commas between them, and `BATCH_END`. Once for each proxy. */
export function batchStart(proxy: ProxyIdentity): string {
  const attributes =
    textAttribute('telemetry.sdk.name')('remora').slice(1) +
    textAttribute('telemetry.sdk.language')('nodejs') +
    textAttribute('service.name')(proxy.workload) +
    textAttribute('service.namespace')(proxy.namespace) +
    textAttribute('service.instance.id')(proxy.name);
  return (
    `{"resourceSpans":[{"resource":{"attributes":[${attributes}]},` +
    `"scopeSpans":[{"scope":{"name":"remora-proxy"},"spans":[`
  );
}

export const BATCH_END = ']}]}]}';

/** How many spans `spansText` writes. */
export function spanCount(record: RequestRecord): number {
  let count = 1;
  for (const attempt of record.attempts) if (attempt.spanId !== '') count++;
  return count;
}

/** All spans of a record, with commas between them. */
export function spansText(record: RequestRecord): string {
  const start = spanStart(record);
  const common = commonAttributes(record);
  const path = withoutSecrets(record.path);
  const url = urlFull(`http://${record.authority}${path}`);
  let events = '';
  let clients = '';
  let resends = 0;
  for (const attempt of record.attempts) {
    if (attempt.spanId === '') events += unsentEvent(record, attempt);
    else clients += clientSpan(record, attempt, start, common + url, resends++);
  }
  return serverSpan(record, start, common + pathAttributes(path), events) + clients;
}

function serverSpan(record: RequestRecord, start: string, common: string, events: string): string {
  const { status, peer } = record;
  const isError = record.isFailed || status >= 500;
  const peerEnd = hostEnd(peer);
  const attributes =
    DIRECTION[record.direction] +
    common +
    (status === 0 ? '' : statusCode(status)) +
    (isError ? errorType(failureOf(record)) : '') +
    clientAddress(peer.slice(0, peerEnd)) +
    clientPort(portOf(peer, peerEnd, UNSET)) +
    userAgent(record.userAgent) +
    requestSize(record.requestBytes) +
    responseSize(record.responseBytes) +
    decisions(record);
  const parent = record.parentSpanId === '' ? '' : `,"parentSpanId":${quoted(record.parentSpanId)}`;
  return (
    `${start}${quoted(record.spanId)}${parent},"kind":2` +
    times(record, 0, record.durationMs) +
    `,"attributes":[${attributes}]` +
    (events === '' ? '' : `,"events":[${events.slice(1)}]`) +
    spanEnd(isError, record.detail)
  );
}

function clientSpan(
  record: RequestRecord,
  attempt: AttemptRecord,
  start: string,
  common: string,
  resends: number,
): string {
  const { status, failure } = attempt;
  const isError = failure !== null || status >= 400;
  const peerEnd = hostEnd(attempt.endpoint);
  const attributes =
    DIRECTION[record.direction] +
    common +
    (status === 0 ? '' : statusCode(status)) +
    (isError ? errorType(failure ?? String(status)) : '') +
    (resends === 0 ? '' : resendCount(resends)) +
    peerAddress(attempt.endpoint.slice(0, peerEnd)) +
    peerPort(portOf(attempt.endpoint, peerEnd, UNSET)) +
    attemptAttributes(attempt) +
    isReused(attempt.isReused) +
    isBreakerOpen(attempt.isBreakerOpen) +
    limitInFlight(attempt.limit.inFlight) +
    limitWaiting(attempt.limit.waiting) +
    limitMax(attempt.limit.max) +
    budgetLeft(attempt.budgetLeft);
  let events = withEvent('', record, 'remora.admitted', attempt.chosenMs);
  events = withEvent(events, record, 'remora.sent', attempt.sentMs);
  events = withEvent(events, record, 'remora.answered', attempt.answeredMs);
  return (
    `,${start}${quoted(attempt.spanId)},"parentSpanId":${quoted(record.spanId)},"kind":3` +
    times(record, attempt.beganMs, attempt.endedMs) +
    `,"attributes":[${attributes}],"events":[${events}]` +
    spanEnd(isError, '')
  );
}

/** What both kinds of spans say of the request. */
function commonAttributes(record: RequestRecord): string {
  const isKnown = KNOWN_METHODS.has(record.method);
  const end = hostEnd(record.authority);
  const host = record.authority.slice(0, end);
  return (
    method(isKnown ? record.method : '_OTHER') +
    (isKnown ? '' : methodOriginal(record.method)) +
    serverAddress(host) +
    (host === '' ? '' : serverPort(portOf(record.authority, end, HTTP_PORT))) +
    protocolVersion(record.protocol === 'HTTP/1.0' ? '1.0' : '1.1') +
    rule(record.rule)
  );
}

function decisions(record: RequestRecord): string {
  const { split, nearest } = record;
  let text =
    requestId(record.requestId) +
    recordReason(record.reason) +
    destination(record.destination) +
    backend(record.backend);
  if (split !== null) {
    text += split.draw === null ? '' : splitDraw(split.draw);
    text += cohortBy(split.cohort?.by ?? '');
    text += splitShares(split.shares.map((share) => `${share.backend} ${share.weight}`).join(', '));
  }
  if (nearest !== null) text += nearestRule(nearest.rule) + nearestWhy(nearest.why);
  if (record.deadlineMs !== null) text += deadline(record.deadlineMs);
  return text + cause(record.cause ?? '') + detail(record.detail);
}

function attemptAttributes(attempt: AttemptRecord): string {
  return (
    backend(attempt.backend) +
    endpoint(attempt.endpoint) +
    instance(attempt.instance) +
    retryReason(attempt.reason) +
    cause(attempt.failure ?? '') +
    isProbe(attempt.isProbe)
  );
}

/** What both kinds of spans begin with, up to the value of `spanId`. */
function spanStart(record: RequestRecord): string {
  const verb = KNOWN_METHODS.has(record.method) ? record.method : 'HTTP';
  const name = record.rule === '' ? verb : `${verb} ${record.rule}`;
  return `{"name":${quoted(name)},"traceId":${quoted(record.traceId)},"spanId":`;
}

function times(record: RequestRecord, fromMs: number, toMs: number): string {
  const start = nanosText(record.startedAt, fromMs);
  return `,"startTimeUnixNano":"${start}","endTimeUnixNano":"${nanosText(record.startedAt, toMs)}"`;
}

/** `before`, and this event behind it unless it never happened. */
function withEvent(
  before: string,
  record: RequestRecord,
  name: string,
  atMs: number | null,
): string {
  if (atMs === null) return before;
  const event = `{"timeUnixNano":"${nanosText(record.startedAt, atMs)}","name":"${name}"}`;
  return before === '' ? event : `${before},${event}`;
}

function unsentEvent(record: RequestRecord, attempt: AttemptRecord): string {
  const at = nanosText(record.startedAt, attempt.endedMs);
  const attributes = attemptAttributes(attempt).slice(1);
  return `,{"timeUnixNano":"${at}","name":"remora.attempt_not_sent","attributes":[${attributes}]}`;
}

function spanEnd(isError: boolean, message: string): string {
  if (!isError) return '}';
  return message === ''
    ? ',"status":{"code":2}}'
    : `,"status":{"code":2,"message":${quoted(message)}}}`;
}

/** The conventions' `error.type`: our code where there is one, else the status. */
function failureOf(record: RequestRecord): string {
  return record.cause ?? record.attempts.at(-1)?.failure ?? String(record.status);
}

function pathAttributes(path: string): string {
  const queryAt = path.indexOf('?');
  if (queryAt === -1) return urlScheme('http') + urlPath(path);
  return urlScheme('http') + urlPath(path.slice(0, queryAt)) + urlQuery(path.slice(queryAt + 1));
}

function withoutSecrets(path: string): string {
  return path.includes('?') ? path.replace(SECRET, '$1$2=REDACTED') : path;
}
