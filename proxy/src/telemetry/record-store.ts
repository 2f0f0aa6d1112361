/**
 * The records that this proxy keeps, newest last, and the taps that listen for new ones.
 *
 *   add ──► sampled, or asked for by a tap? ── no ──► kept     (failed, slow, marked)
 *     │                                     └─ yes ─► common   (much traffic pushes out nothing
 *     └──► every open tap that wants it                         that failed an hour ago)
 *
 * A sampled request that can be held is not added: its record is late, and found all the same.
 * Both rings are bounded in records and in bytes, and so is what waits in a tap. A tap that is full
 * stops asking: traffic never pays for records that nobody will read.
 *
 * Pure. Filled by `exchange/`; read by `control/queries.ts` and `admin/explain-page.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import { type TapFilter, wireLimits } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import type { LateRecords } from './late-records.ts';
import { RecordRing } from './record-ring.ts';

/** What a tap's filter looks at. */
export type TapFacts = Pick<RequestRecord, 'rule' | 'destination' | 'isFailed' | 'method' | 'path'>;

export class RecordStore {
  /** Whether requests that went well must leave records now; read for every request. */
  wantsAll = false;
  readonly #kept = new RecordRing(limits.recordsKept, limits.recordBytesMax);
  readonly #common = new RecordRing(limits.commonRecordsKept, limits.commonRecordBytesMax);
  readonly #late: LateRecords;
  readonly #taps = new Set<Tap>();

  /** `late`: beside those that are added, whose records are made at once. */
  constructor(late: LateRecords) {
    this.#late = late;
  }

  add(record: RequestRecord): void {
    if (record.reason === 'asked' && this.#taps.size === 0) return; // Somebody else asked.
    const text = JSON.stringify(record);
    const bytes = Buffer.byteLength(text);
    const isCommon = record.reason === 'asked' || record.reason === 'sampled';
    const ring = isCommon ? this.#common : this.#kept;
    ring.add(text, bytes);
    if (this.#taps.size === 0) return;
    for (const tap of this.#taps) tap.offer(record, bytes);
    this.#refresh();
  }

  /** Of this request id or trace id, oldest first. */
  find(id: string): readonly RequestRecord[] {
    if (id === '') return [];
    const found = [...this.#kept.find(id), ...this.#common.find(id), ...this.#late.find(id)];
    return found.sort((a, b) => a.startedAt - b.startedAt);
  }

  /** Before a record is made for it: whether some tap wants this request, which ended so. */
  wants(facts: TapFacts): boolean {
    for (const tap of this.#taps) if (tap.wants(facts)) return true;
    return false;
  }

  /** Null: `tapsMax` are open. */
  openTap(filter: TapFilter, recordsMax: number, bytesMax: number): Tap | null {
    if (this.#taps.size >= wireLimits.tapsMax) return null;
    const tap = new Tap(filter, { recordsMax, bytesMax }, (isClosed) => {
      if (isClosed) this.#taps.delete(tap);
      this.#refresh();
    });
    this.#taps.add(tap);
    this.#refresh();
    return tap;
  }

  #refresh(): void {
    this.wantsAll = false;
    for (const tap of this.#taps) this.wantsAll ||= tap.asksForAll;
  }
}

export class Tap {
  readonly #filter: TapFilter;
  readonly #bounds: { readonly recordsMax: number; readonly bytesMax: number };
  readonly #onChange: (isClosed: boolean) => void;
  #records: RequestRecord[] = [];
  #bytes = 0;
  #leftOut = 0;

  /** `onChange`: it may ask for more or less than before. */
  constructor(
    filter: TapFilter,
    bounds: { readonly recordsMax: number; readonly bytesMax: number },
    onChange: (isClosed: boolean) => void,
  ) {
    this.#filter = filter;
    this.#bounds = bounds;
    this.#onChange = onChange;
  }

  /** Not once something was left out: whoever reads knows then that there was more. */
  get asksForAll(): boolean {
    return !this.#filter.onlyFailed && this.#leftOut === 0;
  }

  /** At least so many records were not kept. */
  get leftOut(): number {
    return this.#leftOut;
  }

  wants(facts: TapFacts): boolean {
    return this.#leftOut === 0 && passesFilter(this.#filter, facts);
  }

  offer(record: RequestRecord, bytes: number): void {
    if (!passesFilter(this.#filter, record)) return;
    const { recordsMax, bytesMax } = this.#bounds;
    const isRoom =
      this.#leftOut === 0 && this.#records.length < recordsMax && this.#bytes + bytes <= bytesMax;
    if (!isRoom) {
      this.#leftOut++;
      return;
    }
    this.#records.push(record);
    this.#bytes += bytes;
  }

  /** What came since the last call, oldest first. Room and `leftOut` begin anew. */
  take(): RequestRecord[] {
    const taken = this.#records;
    this.#records = [];
    this.#bytes = 0;
    this.#leftOut = 0;
    this.#onChange(false);
    return taken;
  }

  close(): void {
    this.#onChange(true);
  }
}

function passesFilter(filter: TapFilter, facts: TapFacts): boolean {
  const { route, onlyFailed, method, path } = filter;
  if (onlyFailed && !facts.isFailed) return false;
  if (method !== null && facts.method !== method) return false;
  if (path !== null && !facts.path.startsWith(path)) return false;
  return route === null || facts.rule.includes(route) || facts.destination.includes(route);
}
