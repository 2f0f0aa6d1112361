/**
 * Whether executing a request twice does no harm: an idempotent method (RFC 9110 §9.2.2), or an
 * `Idempotency-Key`, by which its sender says that the server will know it again.
 *
 * Pure. Called by `tries.ts`. Budget: no allocation; the fields are looked at only where the method
 * does not say it.
 */
import type { Head } from '../http1/head.ts';
import { ascii } from '../http1/octets.ts';
import { isIdempotent } from '../http1/methods.ts';

const KEY = ascii('idempotency-key');

export function mayRepeat(request: Head): boolean {
  return isIdempotent(request.method) || request.find(KEY) !== -1;
}
