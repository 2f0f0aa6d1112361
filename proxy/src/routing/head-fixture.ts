/**
 * A parsed request head from its parts, for tests: what the proxy's own parser makes of the bytes.
 *
 * Not a Head filled by hand: a test of routing must see the path and the spans that requests have.
 *
 * Tests only.
 */
import assert from 'node:assert/strict';
import { Head } from '../http1/head.ts';
import { PARSE_OK, parseRequestHead } from '../http1/head-parser.ts';

export interface RequestParts {
  readonly method?: string;
  readonly host?: string;
  readonly version?: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

export function headOf(target: string, parts: RequestParts = {}): Head {
  const host = parts.host ?? 'catalog.shop';
  const lines = (parts.fields ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const hostLine = host === '' ? '' : `Host: ${host}\r\n`;
  const start = `${parts.method ?? 'GET'} ${target} HTTP/${parts.version ?? '1.1'}\r\n`;
  const bytes = Buffer.from(`${start}${hostLine}${lines}\r\n`);
  const head = new Head();
  assert.ok(head.collect(bytes, 0, bytes.length));
  assert.equal(parseRequestHead(head, head.slab, 0, head.filled), PARSE_OK, `refused: ${target}`);
  return head;
}
