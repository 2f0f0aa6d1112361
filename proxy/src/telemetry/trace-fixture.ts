/**
 * Heads and ids for the tests of trace context. A head is filled by hand, so that its values may
 * hold any bytes, also those that the parser would have refused; its names are told as the parser
 * tells them.
 *
 * Tests only.
 */
import { fieldId } from '../http1/field-names.ts';
import { FIELD, Head, NAME_END, NAME_START, VALUE_END, VALUE_START } from '../http1/head.ts';
import { viewOf } from '../http1/octets.ts';
import { IdSource, newSpanId, type SpanId } from './id-source.ts';
import { TRACE_FIELDS_BYTES_MAX, writeTraceFields } from './trace-context.ts';

export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
export const SHORT_TRACE = 'a3ce929d0e0e4736';
export const SPAN = '00f067aa0ba902b7';
export const PARENT: string = `00-${TRACE}-${SPAN}-01`;

export type Field = readonly [name: string, value: string];

export function headWith(...fields: readonly Field[]): Head {
  const head = new Head();
  for (const [name, value] of fields) {
    const line = Buffer.from(`${name}: ${value}\r\n`, 'latin1');
    const at = head.filled;
    head.collect(line, 0, line.length);
    const field = head.fieldCount++;
    const id = fieldId(head.slab, viewOf(head.slab), at, at + name.length);
    head.ids[field] = id;
    head.seen |= 1 << id;
    head.spans[field * 4 + NAME_START] = at;
    head.spans[field * 4 + NAME_END] = at + name.length;
    head.spans[field * 4 + VALUE_START] = at + name.length + 2;
    head.spans[field * 4 + VALUE_END] = at + line.length - 2;
    if (id === FIELD.X_REQUEST_ID && head.requestIdField < 0) head.requestIdField = field;
    if (id === FIELD.TRACEPARENT && head.traceparentField < 0) head.traceparentField = field;
  }
  head.length = head.filled;
  return head;
}

/** Counts up, so that ids can be told apart and foretold. */
export function countingIds(sampleRatio = 0): IdSource {
  let next = 1;
  return new IdSource({
    sampleRatio,
    fill(pool) {
      for (let i = 0; i < pool.length; i++) pool[i] = next++ & 0xff;
    },
  });
}

export interface Written {
  readonly text: string;
  readonly id: string;
  readonly parent: string;
  readonly traceId: string;
  /** As the traceparent says it. */
  readonly spanId: string;
  readonly flags: string;
  /** All lines but the first two. */
  readonly b3: readonly string[];
  readonly span: SpanId;
}

/** What goes out for this head; throws where it is not two well-formed lines, and B3 or none. */
export function written(head: Head, ids: IdSource = countingIds()): Written {
  const out = Buffer.alloc(TRACE_FIELDS_BYTES_MAX + 10);
  const span = newSpanId();
  const end = writeTraceFields(out, 4, head, ids, span);
  const text = out.toString('latin1', 4, end);
  const lines = text.split('\r\n');
  const id = /^x-request-id: (.*)$/.exec(lines[0]!)?.[1];
  const parent = /^traceparent: (00-([0-9a-f]{32})-([0-9a-f]{16})-(0[0-3]))$/.exec(lines[1]!);
  if (id === undefined || parent === null || lines.pop() !== '') throw new Error(text);
  const [, whole = '', traceId = '', spanId = '', flags = ''] = parent;
  return { text, id, parent: whole, traceId, spanId, flags, b3: lines.slice(2), span };
}
