/**
 * Late records by hand: a test puts in what was held, and as many of the last can be read as of a
 * proxy's own.
 *
 * Tests only.
 */
import assert from 'node:assert/strict';
import type { RequestRecord } from '@remora/api/request-record.ts';
import * as limits from '../limits.ts';
import type { LateRecords } from './late-records.ts';

export class LateByHand implements LateRecords {
  /** Newest last. */
  readonly all: RequestRecord[] = [];

  find(id: string): RequestRecord[] {
    const kept = this.all.slice(-limits.heldRequestsMax);
    return kept.filter(({ requestId, traceId }) => requestId === id || traceId === id);
  }

  record(back: number): RequestRecord {
    assert(back <= limits.heldRequestsMax, 'it was overwritten');
    const record = this.all.at(-back);
    assert(record !== undefined, 'it was never held');
    return record;
  }
}
