/**
 * Records that are made when somebody reads them, as their readers see them. They are the last
 * `heldRequestsMax` requests that were sampled, by how far back they are: 1 is the newest.
 *
 * Types only. Implemented by `exchange/held-requests.ts`; read by `record-store.ts` and
 * `span-exporter.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';

export interface LateRecords {
  /** Of this request id or trace id, oldest first. */
  find(id: string): RequestRecord[];
  /** The same each time it is asked. */
  record(back: number): RequestRecord;
}
