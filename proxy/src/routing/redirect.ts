/**
 * The Location of a redirect, as the Gateway API's HTTPRequestRedirectFilter defines it.
 *
 * The port: the redirect's own; else the well-known one of the redirect's scheme; else, scheme not
 * given, the listener's. In a mesh that is the port the client dialled, which its authority names.
 * 80 is left out for http and 443 for https, even where it was given. The query is always kept.
 *
 * Pure. Called by the exchange for rules with a redirect, which answer without a target.
 */
import type { RedirectConfig } from '@remora/api/wire.ts';
import type { Head } from '../http1/head.ts';
import type { Redirect } from './compiled.ts';
import { encodePathRewrite, rewritePath } from './rewrite.ts';

const WELL_KNOWN_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' };

export function encodeRedirect(config: RedirectConfig): Redirect {
  return { ...config, path: config.path === null ? null : encodePathRewrite(config.path) };
}

export function redirectLocation(
  head: Head,
  redirect: Redirect,
  prefixLength: number,
  defaultScheme: string,
): string {
  const target = redirectPath(head, redirect, prefixLength) + queryOf(head);
  const authority = splitAuthority(head.text(head.authorityStart, head.authorityEnd));
  const hostname = redirect.hostname ?? authority.hostname;
  if (hostname === '') return relativeLocation(target);

  const scheme = redirect.scheme ?? defaultScheme;
  const listenerPort = redirect.scheme === null ? authority.port : '';
  const port = redirect.port === null ? listenerPort : String(redirect.port);
  const omitted = port === '' || port === WELL_KNOWN_PORT[scheme];
  return `${scheme}://${hostname}${omitted ? '' : `:${port}`}${target}`;
}

function redirectPath(head: Head, redirect: Redirect, prefixLength: number): string {
  if (redirect.path === null) return head.text(head.pathStart, head.pathEnd);
  const room = head.pathEnd - head.pathStart + redirect.path.value.length + 1;
  const path = Buffer.allocUnsafe(room);
  return path.toString('latin1', 0, rewritePath(path, 0, head, redirect.path, prefixLength));
}

function queryOf(head: Head): string {
  return head.hasQuery ? `?${head.text(head.queryStart, head.queryEnd)}` : '';
}

/** Without an authority (HTTP/1.0) `//x/y` would name a host: `/.` before it keeps it a path. */
function relativeLocation(target: string): string {
  return target.startsWith('//') ? `/.${target}` : target;
}

/** The port is after the last colon, unless that colon is inside an IPv6 address's brackets. */
function splitAuthority(authority: string): { hostname: string; port: string } {
  const colon = authority.lastIndexOf(':');
  if (colon === -1 || colon < authority.lastIndexOf(']')) return { hostname: authority, port: '' };
  return { hostname: authority.slice(0, colon), port: authority.slice(colon + 1) };
}
