/**
 * A parsed response head from its parts, for tests: what the proxy's own parser makes of the bytes.
 *
 * Not a Head filled by hand: a test must see the ids and spans that answers have.
 *
 * Tests only.
 */
import assert from 'node:assert/strict';
import { Head } from '../http1/head.ts';
import { PARSE_OK, parseResponseHead } from '../http1/head-parser.ts';

export function responseOf(
  status: number,
  fields: readonly (readonly [name: string, value: string])[] = [],
): Head {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = Buffer.from(`HTTP/1.1 ${status} Because\r\n${lines}\r\n`);
  const head = new Head();
  assert.ok(head.collect(bytes, 0, bytes.length));
  assert.equal(parseResponseHead(head, head.slab, 0, head.filled), PARSE_OK, `refused: ${status}`);
  return head;
}
