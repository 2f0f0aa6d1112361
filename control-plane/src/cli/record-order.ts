/**
 * Records of one request in the order in which it travelled: caller before callee.
 *
 * A record's parent span is either the server span of another record or one of its attempts'. Where
 * a link is missing (a proxy that did not answer, an application that passes no trace on) time
 * decides; clocks of two machines may differ, so time comes second.
 *
 * Pure. Called by `story.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';

export interface Hop {
  readonly record: RequestRecord;
  /** How many calls it is away from the first. */
  readonly depth: number;
}

export function inCallOrder(records: readonly RequestRecord[]): readonly Hop[] {
  const byTime = [...records].sort((a, b) => a.startedAt - b.startedAt);
  const ownerOf = new Map<string, RequestRecord>();
  for (const record of byTime) {
    for (const span of [record.spanId, ...record.attempts.map(({ spanId }) => spanId)]) {
      if (span !== '' && !ownerOf.has(span)) ownerOf.set(span, record);
    }
  }
  const calleesOf = new Map<RequestRecord | null, RequestRecord[]>();
  for (const record of byTime) {
    const owner = ownerOf.get(record.parentSpanId) ?? null;
    const caller = owner === record ? null : owner;
    calleesOf.set(caller, [...(calleesOf.get(caller) ?? []), record]);
  }
  const hops: Hop[] = [];
  const seen = new Set<RequestRecord>();
  const visit = (record: RequestRecord, depth: number): void => {
    if (seen.has(record)) return;
    seen.add(record);
    hops.push({ record, depth });
    for (const callee of calleesOf.get(record) ?? []) visit(callee, depth + 1);
  };
  for (const first of calleesOf.get(null) ?? []) visit(first, 0);
  // Spans that name each other as parents have no first one: no record may be lost for that.
  for (const record of byTime) visit(record, 0);
  return hops;
}
