/**
 * How many bytes a record may take as JSON, without writing it: its texts at their worst, and a
 * constant for names and numbers.
 *
 * An upper bound and not an exact size: what is kept and what is sent are bounded by it, and
 * writing each record twice would cost a proxy under failures most of all.
 *
 * Pure. Used by `record-store.ts` and `control/queries.ts`.
 */
import type { AttemptRecord, RequestRecord } from '@remora/api/request-record.ts';

/** Names, numbers and fixed-length ids; a test compares with the longest there are. */
const RECORD_BYTES = 1_024;
const ATTEMPT_BYTES = 704;
const ENTRY_BYTES = 64;
/** UTF-8 of one UTF-16 unit; a control character as `\u001f` is six, and heads have none. */
const UNIT_BYTES = 3;

export function recordBytes(record: RequestRecord): number {
  const { proxy, split, nearest } = record;
  let units =
    record.requestId.length +
    record.parentSpanId.length +
    proxy.name.length +
    proxy.namespace.length +
    proxy.workload.length +
    record.method.length +
    record.authority.length +
    record.path.length +
    record.userAgent.length +
    record.peer.length +
    record.detail.length +
    record.destination.length +
    record.rule.length +
    record.backend.length;
  if (nearest !== null) units += nearest.rule.length + nearest.why.length;
  let entries = 0;
  if (split !== null) {
    entries = split.shares.length;
    for (const { backend } of split.shares) units += backend.length;
    if (split.cohort !== null) units += split.cohort.by.length + split.cohort.key.length;
  }
  let bytes = RECORD_BYTES + entries * ENTRY_BYTES + units * UNIT_BYTES;
  for (const attempt of record.attempts) bytes += attemptBytes(attempt);
  return bytes;
}

function attemptBytes({ backend, endpoint, instance, reason, weighed }: AttemptRecord): number {
  let units = backend.length + endpoint.length + instance.length + reason.length;
  for (const one of weighed) units += one.endpoint.length;
  return ATTEMPT_BYTES + weighed.length * ENTRY_BYTES + units * UNIT_BYTES;
}
