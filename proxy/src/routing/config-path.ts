/**
 * A path from configuration, spelled as a request's canonical path is.
 *
 * Requests are judged by their canonical path, so a route for `/café`, `/caf%c3%a9` or `/a/./b` has
 * to become what such a request becomes, or it would never match. `?` and `#` are part of the path
 * here, since a match on the query has its own field.
 *
 * Pure. Called when compiling: `route-table.ts`, `rewrite.ts`.
 */
import { canonicalPath } from '../http1/target.ts';
import { refusalReason } from '../http1/refusals.ts';

/** Throws an Error that names a path no request can have. */
export function configPath(text: string): Buffer {
  if (!text.startsWith('/')) throw new Error(`path ${text} does not begin with a slash`);
  const bytes = percentEncoded(Buffer.from(text));
  const end = canonicalPath(bytes, 0, bytes.length);
  if (end < 0) throw new Error(`path ${text}: ${refusalReason(end)}`);
  return bytes.subarray(0, end);
}

/** Encodes what may not stand in a path; escapes that are there already stay. */
function percentEncoded(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  return Buffer.from(text.replace(/[^!-~]|[?#\\]/g, escapeOf), 'latin1');
}

function escapeOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
