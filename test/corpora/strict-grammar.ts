/**
 * The judge: reads a byte stream by the canonical grammar of RFC 9112, with no tolerance at all.
 *
 * Written apart from the proxy's parser, in another technique (text and regular expressions), so
 * that a mistake in one is seen by the other. Whatever the proxy sends must pass here, be it from
 * the most hostile client: that needs no verdict about the client's bytes.
 *
 * Pure. Used by the corpora, the socket suite and the fuzzer, on requests and on responses.
 */
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e\\x80-\\xff]+) HTTP/1\\.1$`);
const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE = new RegExp(
  `^(${TOKEN}):[ \\t]*((?:[\\x21-\\x7e\\x80-\\xff][\\t\\x20-\\x7e\\x80-\\xff]*)?)$`,
);
const LENGTH = /^(?:0|[1-9][0-9]{0,15})$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+;=]+)(?::[0-9]{1,5})?$/;
const CHUNK_SIZE = /^(?:0|[1-9a-f][0-9a-f]{0,12})$/;
const CODINGS = /^(?:(?:x-)?(?:gzip|deflate|compress), )*chunked$/;
const LOOKALIKE = /^(?:content[^a-z0-9-]length|transfer[^a-z0-9-]encoding)$/;
const FORBIDDEN_TRAILER = new Set(['content-length', 'transfer-encoding', 'host', 'connection']);
const HOP_BY_HOP = new Set(['keep-alive', 'proxy-connection', 'http2-settings']);

export interface Message {
  /** Of a request; empty for a response. */
  readonly method: string;
  readonly target: string;
  /** Of a response; 0 for a request. */
  readonly status: number;
  /** Names in lower case, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** latin1. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** Where the message began and ended. */
  readonly start: number;
  readonly end: number;
}

export interface Reading {
  readonly messages: readonly Message[];
  /** Bytes of a message that is canonical so far and not whole. */
  readonly leftover: number;
  /** Null: canonical. */
  readonly fault: string | null;
}

class Fault extends Error {}
class Unfinished extends Error {}

/** Requests, one behind the other. */
export function readRequests(bytes: Uint8Array): Reading {
  return read(bytes, (text, at) => readMessage(text, at, null));
}

/**
 * Responses to requests of these methods, in order; interim ones come in front of their final one.
 * `ended`: the connection was closed, which ends a body that has no other end.
 */
export function readResponses(
  bytes: Uint8Array,
  methods: readonly string[],
  ended: boolean,
): Reading {
  let finals = 0;
  return read(bytes, (text, at) => {
    if (finals >= methods.length) throw new Fault('an answer that nobody asked for');
    const message = readMessage(text, at, { method: methods[finals]!, ended });
    if (message.status >= 200 || message.status === 101) finals++;
    return message;
  });
}

function read(bytes: Uint8Array, next: (text: string, at: number) => Message): Reading {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const messages: Message[] = [];
  let at = 0;
  try {
    while (at < text.length) {
      const message = next(text, at);
      messages.push(message);
      at = message.end;
      if (message.status === 101) break;
    }
  } catch (error) {
    if (error instanceof Unfinished) return { messages, leftover: text.length - at, fault: null };
    if (error instanceof Fault)
      return { messages, leftover: text.length - at, fault: error.message };
    throw error;
  }
  return { messages, leftover: 0, fault: null };
}

function line(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  const whole = end < 0 ? text.slice(at) : text.slice(at, end - (text[end - 1] === '\r' ? 1 : 0));
  if (end >= 0 && (end === at || text[end - 1] !== '\r')) throw new Fault('bare LF');
  // oxlint-free: control bytes are what is looked for.
  if (/[\0\n]/.test(whole) || whole.slice(0, -1).includes('\r')) throw new Fault('bare CR or NUL');
  if (end < 0) throw new Unfinished();
  if (whole.endsWith('\r')) throw new Fault('bare CR');
  return whole;
}

type Asked = { readonly method: string; readonly ended: boolean } | null;

function readMessage(text: string, start: number, asked: Asked): Message {
  const first = line(text, start);
  const request = asked === null ? REQUEST_LINE.exec(first) : null;
  const response = asked === null ? null : STATUS_LINE.exec(first);
  if (request === null && response === null) throw new Fault(`start line ${quoted(first)}`);
  const head = readFieldLines(text, start + first.length + 2);
  const status = Number(response?.[1] ?? 0);
  checkHead(head.fields, asked === null);
  const body = readBody(text, head.end, head.fields, status, asked);
  return {
    method: request?.[1] ?? '',
    target: request?.[2] ?? '',
    status,
    fields: head.fields,
    body: body.data,
    trailers: body.trailers,
    start,
    end: body.end,
  };
}

type Fields = (readonly [name: string, value: string])[];

function readFieldLines(text: string, start: number): { fields: Fields; end: number } {
  const fields: Fields = [];
  let at = start;
  for (;;) {
    const current = line(text, at);
    at += current.length + 2;
    if (current === '') return { fields, end: at };
    const match = FIELD_LINE.exec(current);
    if (match === null) throw new Fault(`field line ${quoted(current)}`);
    fields.push([match[1]!.toLowerCase(), match[2]!.replace(/[ \t]+$/, '')]);
  }
}

function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter((field) => field[0] === name).map((field) => field[1]);
}

function checkHead(fields: Fields, isRequest: boolean): void {
  const hosts = valuesOf(fields, 'host');
  if (isRequest && hosts.length !== 1) throw new Fault(`${hosts.length} Host fields`);
  if (isRequest && hosts[0] !== '' && !HOST.test(hosts[0]!)) throw new Fault('malformed Host');
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Fault('framed twice');
  if (lengths.length === 1 && !LENGTH.test(lengths[0]!)) throw new Fault('Content-Length value');
  if (codings.length === 1 && !CODINGS.test(codings[0]!))
    throw new Fault('Transfer-Encoding value');
  if (valuesOf(fields, 'content-type').length > 1) throw new Fault('two Content-Type');
  for (const [name] of fields) {
    if (LOOKALIKE.test(name)) throw new Fault(`lookalike ${name}`);
    if (HOP_BY_HOP.has(name)) throw new Fault(`hop-by-hop ${name}`);
  }
}

interface Body {
  readonly data: string;
  readonly trailers: Fields;
  readonly end: number;
}

function readBody(text: string, at: number, fields: Fields, status: number, asked: Asked): Body {
  const none: Body = { data: '', trailers: [], end: at };
  const length = valuesOf(fields, 'content-length')[0];
  const chunked = valuesOf(fields, 'transfer-encoding').length > 0;
  if (asked !== null) {
    const bodiless = status < 200 || status === 204 || status === 304;
    if (bodiless && chunked) throw new Fault('a coding where no body may be');
    if (status < 200 || status === 204) {
      if (length !== undefined) throw new Fault('a length where no body may be');
    }
    if (bodiless || asked.method === 'HEAD') return none;
  }
  if (chunked) return readChunks(text, at);
  if (length !== undefined) {
    const end = at + Number(length);
    if (end > text.length) throw new Unfinished();
    return { data: text.slice(at, end), trailers: [], end };
  }
  if (asked === null) return none;
  if (!asked.ended) throw new Unfinished();
  return { data: text.slice(at), trailers: [], end: text.length };
}

function readChunks(text: string, start: number): Body {
  let at = start;
  let data = '';
  for (;;) {
    const sizeLine = line(text, at);
    if (!CHUNK_SIZE.test(sizeLine)) throw new Fault(`chunk size ${quoted(sizeLine)}`);
    const size = Number.parseInt(sizeLine, 16);
    at += sizeLine.length + 2;
    if (size === 0) break;
    if (text.length < at + size + 2) throw new Unfinished();
    data += text.slice(at, at + size);
    at += size;
    if (text.slice(at, at + 2) !== '\r\n') throw new Fault('chunk without its end');
    at += 2;
  }
  const { fields: trailers, end } = readFieldLines(text, at);
  for (const [name] of trailers) {
    if (FORBIDDEN_TRAILER.has(name) || LOOKALIKE.test(name)) throw new Fault(`trailer ${name}`);
  }
  return { data, trailers, end };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
