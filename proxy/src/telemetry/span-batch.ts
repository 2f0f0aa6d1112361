/**
 * The spans of some records as the body of one post.
 *
 * Each record's text goes into the batch's own bytes before the next one is made. One text of all
 * of them was refused: its pieces live until the last one is there, and a small nursery copies them
 * from one half into the other meanwhile, which cost more than making them.
 *
 * One for each exporter, used again once the post before it is over. Bound: `spanBatchBytesMax`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { BATCH_END, batchStart, spanCount, spansText } from './otlp.ts';

/** Of one UTF-16 unit, in UTF-8. */
const UNIT_BYTES_MAX = 3;

export class SpanBatch {
  records = 0;
  spans = 0;
  /** How often it was posted. */
  tries = 0;
  readonly #start: string;
  /** Made for the first batch. */
  #bytes: Buffer | null = null;
  #end = 0;

  constructor(identity: ProxyIdentity) {
    this.#start = batchStart(identity);
  }

  begin(): void {
    this.#bytes ??= Buffer.allocUnsafeSlow(limits.spanBatchBytesMax);
    this.records = 0;
    this.spans = 0;
    this.tries = 0;
    this.#end = this.#bytes.write(this.#start);
  }

  /** False: it does not fit, and nothing has changed. */
  add(record: RequestRecord): boolean {
    const bytes = this.#bytes!;
    const text = spansText(record);
    const room = bytes.length - this.#end - BATCH_END.length;
    if (text.length * UNIT_BYTES_MAX >= room) return false;
    if (this.records > 0) this.#end += bytes.write(',', this.#end);
    this.#end += bytes.write(text, this.#end);
    this.records++;
    this.spans += spanCount(record);
    return true;
  }

  finish(): void {
    this.#end += this.#bytes!.write(BATCH_END, this.#end);
  }

  /** The body, once finished; good until the next batch begins. */
  get bytes(): Buffer {
    return this.#bytes!.subarray(0, this.#end);
  }
}
