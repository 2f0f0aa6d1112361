/**
 * Where a message's body ends, RFC 9112 §6.3, for messages that the parser accepted.
 *
 * The kinds are numbers so that the pump switches on them without a look-up.
 *
 * Pure. Called by the exchange once per message.
 */
import { type Head, METHOD, NO_LENGTH } from './head.ts';

export const BODY_NONE = 0;
/** `head.contentLength` bytes, at least one. */
export const BODY_LENGTH = 1;
export const BODY_CHUNKED = 2;
/** Responses only. */
export const BODY_UNTIL_CLOSE = 3;

export function requestBody(head: Head): number {
  if (head.chunked) return BODY_CHUNKED;
  return head.contentLength > 0 ? BODY_LENGTH : BODY_NONE;
}

/** Whether a response of this status has no body whatever its fields say. */
export function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** `requestMethod` is a METHOD. 101 counts as bodiless: what follows is no longer HTTP. */
export function responseBody(head: Head, requestMethod: number): number {
  if (requestMethod === METHOD.HEAD || isBodiless(head.status)) return BODY_NONE;
  if (head.chunked) return BODY_CHUNKED;
  if (head.contentLength === NO_LENGTH) return BODY_UNTIL_CLOSE;
  return head.contentLength > 0 ? BODY_LENGTH : BODY_NONE;
}

/**
 * How a response body of `kind` is framed for a client of this version (10 or 11): what had no end
 * of its own becomes chunked where the client can read that, so that the connection may stay.
 */
export function downstreamFraming(kind: number, clientVersion: number): number {
  if (kind !== BODY_CHUNKED && kind !== BODY_UNTIL_CLOSE) return kind;
  return clientVersion === 10 ? BODY_UNTIL_CLOSE : BODY_CHUNKED;
}
