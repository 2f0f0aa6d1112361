/**
 * The last records, bounded in number and in bytes: a new one takes the place of the oldest ones.
 *
 *   [ d ][ e ][   ][   ][ b ][ c ]      places are used again in turn; no array is shifted
 *          newest ^       ^ oldest
 *
 * A look-up walks the ring: an index would cost every request, and people ask seldom.
 *
 * Pure. Used by `record-store.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';

export class RecordRing {
  readonly #recordsMax: number;
  readonly #bytesMax: number;
  readonly #records: (RequestRecord | null)[];
  readonly #sizes: number[];
  #oldest = 0;
  #count = 0;
  #bytes = 0;

  constructor(recordsMax: number, bytesMax: number) {
    this.#recordsMax = recordsMax;
    this.#bytesMax = bytesMax;
    this.#records = new Array<RequestRecord | null>(recordsMax).fill(null);
    this.#sizes = new Array<number>(recordsMax).fill(0);
  }

  /** One that is larger than the whole ring is not kept. */
  add(record: RequestRecord, bytes: number): void {
    if (bytes > this.#bytesMax) return;
    while (this.#count === this.#recordsMax || this.#bytes + bytes > this.#bytesMax) this.#drop();
    const at = (this.#oldest + this.#count) % this.#recordsMax;
    this.#records[at] = record;
    this.#sizes[at] = bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Of this request id or trace id, oldest first. */
  find(id: string): RequestRecord[] {
    const found: RequestRecord[] = [];
    for (let step = 0; step < this.#count; step++) {
      const record = this.#records[(this.#oldest + step) % this.#recordsMax];
      if (record?.requestId === id || record?.traceId === id) found.push(record);
    }
    return found;
  }

  #drop(): void {
    this.#bytes -= this.#sizes[this.#oldest]!;
    this.#records[this.#oldest] = null;
    this.#oldest = (this.#oldest + 1) % this.#recordsMax;
    this.#count--;
  }
}
