/**
 * Authorities: which are well formed, and which two mean the same.
 *
 * Stricter than RFC 3986: no userinfo (RFC 9110 §4.2.4 wants it treated as an error), no escapes,
 * no comma, no empty port. A name that two parties can read in two ways routes in two ways.
 *
 * Pure. Called by the target reader and for the Host field.
 */
import * as limits from '../limits.ts';
import { BRACKET_CLOSE, BRACKET_OPEN, COLON, HOST_BYTE, IPV6_BYTE } from './octets.ts';

const PORT_MAX = 65_535;

/** Whether [from, to) is `host`, `host:port`, `[v6]` or `[v6]:port`. */
export function isAuthority(bytes: Uint8Array, from: number, to: number): boolean {
  if (to <= from || to - from > limits.authorityBytesMax) return false;
  let at = from;
  if (bytes[at] === BRACKET_OPEN) {
    at = ipv6End(bytes, at + 1, to);
    if (at < 0) return false;
  } else {
    while (at < to && HOST_BYTE[bytes[at]!] === 1) at++;
    if (at === from) return false;
  }
  return at === to || (bytes[at] === COLON && isPort(bytes, at + 1, to));
}

/** Behind the closing bracket, or -1. */
function ipv6End(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let colons = 0;
  while (at < to && IPV6_BYTE[bytes[at]!] === 1) {
    if (bytes[at] === COLON) colons++;
    at++;
  }
  return colons >= 2 && at < to && bytes[at] === BRACKET_CLOSE ? at + 1 : -1;
}

function isPort(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 1 || to - from > 5) return false;
  let port = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= PORT_MAX;
}

/** Where the host ends: `to` less `:defaultPort`. */
function hostEnd(bytes: Uint8Array, from: number, to: number, defaultPort: string): number {
  const at = to - defaultPort.length - 1;
  if (at <= from || bytes[at] !== COLON) return to;
  for (let i = 0; i < defaultPort.length; i++) {
    if (bytes[at + 1 + i] !== defaultPort.charCodeAt(i)) return to;
  }
  return at;
}

/** Whether two well-formed authorities are one: without case, less the default port. */
export function sameAuthority(
  bytes: Uint8Array,
  from: number,
  to: number,
  otherFrom: number,
  otherTo: number,
  defaultPort: string,
): boolean {
  const end = hostEnd(bytes, from, to, defaultPort);
  const otherEnd = hostEnd(bytes, otherFrom, otherTo, defaultPort);
  if (end - from !== otherEnd - otherFrom) return false;
  for (let i = 0; i < end - from; i++) {
    if (folded(bytes[from + i]!) !== folded(bytes[otherFrom + i]!)) return false;
  }
  return true;
}

function folded(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
