/**
 * What a client speaks, by the first bytes of its connection.
 *
 *   GET /… HTTP/1.1 ⏎     HTTP1        16 03 0x      TLS
 *   PRI * HTTP/2.0 ⏎      HTTP2        else          OTHER
 *
 * HTTP/1 is said only once the request line is whole: a method and a space begin the commands of
 * memcached, SMTP and others too, and taking those for HTTP would break them. So would a CONNECT,
 * which goes through a proxy that somebody runs. What is decided stays decided, whatever follows.
 *
 * Pure. No allocation. Called by `intercepted.ts` for each read until it answers.
 */
import { beginsWith } from '../http1/octets.ts';
import * as limits from '../limits.ts';

/** MORE: what came so far begins HTTP, and more will tell. */
export const SNIFF = { MORE: 0, HTTP1: 1, HTTP2: 2, TLS: 3, OTHER: 4 } as const;

const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;
const DELETE = 0x7f;
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 3;
const TLS_MINOR_MAX = 4;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Up to its first line's end it can be nothing else. */
const PREFACE_LINE = PREFACE.indexOf(LF) + 1;
const CONNECT = Buffer.from('CONNECT ', 'latin1');
/** Then one more digit. */
const VERSION = Buffer.from(' HTTP/1.', 'latin1');
const TARGET_FIRST = new Set(Buffer.from('/*hH', 'latin1'));
/** RFC 9110 §5.6.2. */
const TOKEN = new Set(
  Buffer.from(
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    'latin1',
  ),
);

/** Of bytes [start, end), all that came so far. One of SNIFF. */
export function sniff(bytes: Uint8Array, start: number, end: number): number {
  if (end === start) return SNIFF.MORE;
  if (bytes[start] === TLS_HANDSHAKE) return sniffTls(bytes, start, end);
  const preface = sniffPreface(bytes, start, end);
  if (preface !== SNIFF.OTHER) return preface;
  return sniffRequestLine(bytes, start, end);
}

/** HTTP2, MORE while it may become that, else OTHER. */
export function sniffPreface(bytes: Uint8Array, start: number, end: number): number {
  const length = Math.min(end - start, PREFACE_LINE);
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== PREFACE[at]) return SNIFF.OTHER;
  }
  return length === PREFACE_LINE ? SNIFF.HTTP2 : SNIFF.MORE;
}

function sniffTls(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 3) {
    return end - start < 2 || bytes[start + 1] === TLS_MAJOR ? SNIFF.MORE : SNIFF.OTHER;
  }
  const isTls = bytes[start + 1] === TLS_MAJOR && bytes[start + 2]! <= TLS_MINOR_MAX;
  return isTls ? SNIFF.TLS : SNIFF.OTHER;
}

function sniffRequestLine(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && TOKEN.has(bytes[at]!)) at++;
  if (at - start > limits.methodBytesMax) return SNIFF.OTHER;
  if (at === end) return SNIFF.MORE;
  if (at === start || bytes[at] !== SPACE || beginsWith(bytes, start, end, CONNECT)) {
    return SNIFF.OTHER;
  }
  const target = at + 1;
  if (target === end) return SNIFF.MORE;
  if (!TARGET_FIRST.has(bytes[target]!)) return SNIFF.OTHER;
  const to = Math.min(end, start + limits.sniffBytesMax);
  for (at = target; at < to && bytes[at] !== LF; at++) {
    const byte = bytes[at]!;
    if ((byte < SPACE && byte !== CR) || byte === DELETE) return SNIFF.OTHER;
  }
  // So long a target is answered 414, by who reads it as HTTP.
  if (at === to) return to - start === limits.sniffBytesMax ? SNIFF.HTTP1 : SNIFF.MORE;
  const lineEnd = bytes[at - 1] === CR ? at - 1 : at;
  return isVersion(bytes, target, lineEnd) ? SNIFF.HTTP1 : SNIFF.OTHER;
}

/** Whether bytes [target, lineEnd) end in ` HTTP/1.` and a digit. */
function isVersion(bytes: Uint8Array, target: number, lineEnd: number): boolean {
  const from = lineEnd - VERSION.length - 1;
  const digit = bytes[lineEnd - 1]!;
  const isDigit = digit >= 0x30 && digit <= 0x39;
  return isDigit && from > target && beginsWith(bytes, from, lineEnd, VERSION);
}
