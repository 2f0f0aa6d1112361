/**
 * Records as the JSON of a `RecordsAnswer` that fits into an answer: the first ones given come
 * first to it, and what is over is counted.
 *
 * Pure. Called by `queries.ts` and `admin/explain-page.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import { wireLimits } from '@remora/api/wire.ts';

/** The frame of the answer and of its message. */
const FRAME_BYTES = 128;

/** `leftOut`: those that were given up before. */
export function recordsAnswer(records: readonly RequestRecord[], leftOut: number): string {
  const texts: string[] = [];
  let bytes = FRAME_BYTES;
  for (const record of records) {
    const text = JSON.stringify(record);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > wireLimits.answerBytesMax) break;
    texts.push(text);
  }
  const more = leftOut + records.length - texts.length;
  return `{"records":[${texts.join(',')}],"leftOut":${more}}`;
}
