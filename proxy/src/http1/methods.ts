/**
 * Which method is this, and may it pass.
 *
 * CONNECT and TRACE are refused: a tunnel and an echo are not what a sidecar offers. Methods of
 * RTSP, ICY and the HTTP/2 preface under HTTP/1.x are a peer that speaks something else. Lower case
 * is refused: methods are case-sensitive, and `delete` must not slip past a rule about DELETE.
 *
 * Pure. Called by the head parser once per request.
 */
import { METHOD } from './head.ts';
import { METHOD_BYTE } from './octets.ts';
import { REFUSED_METHOD, REFUSED_METHOD_CASE } from './refusals.ts';

const KNOWN: readonly (readonly [name: string, id: number])[] = [
  ['GET', METHOD.GET],
  ['POST', METHOD.POST],
  ['PUT', METHOD.PUT],
  ['HEAD', METHOD.HEAD],
  ['DELETE', METHOD.DELETE],
  ['OPTIONS', METHOD.OPTIONS],
  ['PATCH', METHOD.PATCH],
];

const REFUSED: readonly string[] = [
  'CONNECT',
  'TRACE',
  'PRI',
  'SOURCE',
  'DESCRIBE',
  'ANNOUNCE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'TEARDOWN',
  'GET_PARAMETER',
  'SET_PARAMETER',
  'REDIRECT',
  'RECORD',
  'FLUSH',
];

function is(bytes: Uint8Array, from: number, to: number, name: string): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (bytes[from + i] !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** The METHOD of the token [from, to), or a refusal. */
export function methodId(bytes: Uint8Array, from: number, to: number): number {
  for (let i = 0; i < KNOWN.length; i++) {
    if (is(bytes, from, to, KNOWN[i]![0])) return KNOWN[i]![1];
  }
  for (let i = 0; i < REFUSED.length; i++) {
    if (is(bytes, from, to, REFUSED[i]!)) return REFUSED_METHOD;
  }
  for (let at = from; at < to; at++) {
    if (METHOD_BYTE[bytes[at]!] === 0) return REFUSED_METHOD_CASE;
  }
  return METHOD.OTHER;
}

/** Whether executing a request of this method twice does no harm (RFC 9110 §9.2.2). */
export function isIdempotent(method: number): boolean {
  return (
    method === METHOD.GET ||
    method === METHOD.HEAD ||
    method === METHOD.OPTIONS ||
    method === METHOD.PUT ||
    method === METHOD.DELETE
  );
}
