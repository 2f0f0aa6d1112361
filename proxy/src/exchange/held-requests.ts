/**
 * The last requests that were sampled, held in short until somebody reads their records.
 *
 *   end ──► held ──┬─► read (explain, the admin page)     of each that is asked for, each time
 *                  └─► taken by the span exporter         once, many together
 *                  ' overwritten by the `heldRequestsMax`-th after it, and most are read by nobody
 *
 * To make each record at its request's end was refused: it is rare, so that its code and data have
 * left the caches each time, and cost 100 times what it takes to copy a head and forty numbers.
 *
 * A head is kept as its bytes, and parsed again. One a proxy. Bounds: `heldRequestsMax`, and
 * `heldHeadBytesMax` for each; memory is used as far as it is filled. Budget: no allocation.
 */
import assert from 'node:assert/strict';
import type { RequestRecord } from '@remora/api/request-record.ts';
import type { ProxyIdentity } from '@remora/api/wire.ts';
import { Head } from '../http1/head.ts';
import { PARSE_OK, parseRequestHead } from '../http1/head-parser.ts';
import * as limits from '../limits.ts';
import { type IdSource, SEED_BYTES } from '../telemetry/id-source.ts';
import type { LateRecords } from '../telemetry/late-records.ts';
import { requestIdText, traceIdText } from '../telemetry/trace-context.ts';
import { EndedRequest, type RecordEnd, type RecordSource } from './ended-request.ts';
import { recordOf } from './record.ts';

/** A seed, then the head. */
const SLOT_BYTES = SEED_BYTES + limits.heldHeadBytesMax;

export class HeldRequests implements LateRecords {
  readonly #identity: ProxyIdentity;
  readonly #ids: IdSource;
  readonly #ended: EndedRequest[] = [];
  /** A slot for each, made with the first of them. */
  #bytes: Buffer | null = null;
  readonly #headBytes = new Uint16Array(limits.heldRequestsMax);
  /** The head of the one that is read. */
  readonly #head = new Head();
  /** Held ever; the last `heldRequestsMax` of them are here. */
  #count = 0;

  constructor(identity: ProxyIdentity, ids: IdSource) {
    this.#identity = identity;
    this.#ids = ids;
  }

  /** Whether its head is short enough, and will be the same when it is parsed again. */
  takes({ request }: RecordSource): boolean {
    const targetEnd = request.hasQuery ? request.queryStart - 1 : request.targetEnd;
    // Parsing made the path shorter where they differ, and left bytes behind that mean nothing.
    const isAsParsed = request.pathEnd === targetEnd && !request.absoluteForm;
    return isAsParsed && request.length <= limits.heldHeadBytesMax;
  }

  hold(source: RecordSource, end: RecordEnd): void {
    const place = this.#count % limits.heldRequestsMax;
    const { request } = source;
    const bytes = (this.#bytes ??= Buffer.allocUnsafeSlow(limits.heldRequestsMax * SLOT_BYTES));
    const slot = place * SLOT_BYTES;
    bytes.set(this.#ids.seedOf(request), slot);
    request.slab.copy(bytes, slot + SEED_BYTES, 0, request.length);
    this.#headBytes[place] = request.length;
    (this.#ended[place] ??= new EndedRequest()).take(source, end, this.#ids);
    this.#count++;
  }

  find(id: string): RequestRecord[] {
    const found: RequestRecord[] = [];
    for (let back = Math.min(this.#count, limits.heldRequestsMax); back > 0; back--) {
      const place = this.#parse(back);
      const isIt =
        requestIdText(this.#head, this.#ids) === id || traceIdText(this.#head, this.#ids) === id;
      if (isIt) found.push(this.#recordAt(place));
    }
    return found;
  }

  record(back: number): RequestRecord {
    return this.#recordAt(this.#parse(back));
  }

  #recordAt(place: number): RequestRecord {
    return recordOf(this.#ended[place]!, this.#head, this.#identity, this.#ids);
  }

  /** Reads its head. Returns its place. */
  #parse(back: number): number {
    const head = this.#head;
    const place = (this.#count - back) % limits.heldRequestsMax;
    const bytes = this.#bytes!;
    const slot = place * SLOT_BYTES;
    const start = slot + SEED_BYTES;
    head.reset();
    head.collect(bytes, start, start + this.#headBytes[place]!);
    const result = parseRequestHead(head, head.slab, 0, head.filled);
    assert.equal(result, PARSE_OK, 'a head that was held can be parsed again');
    head.idSeed ??= new Uint8Array(SEED_BYTES);
    head.idSeed.set(bytes.subarray(slot, start));
    head.hasIdSeed = true;
    return place;
  }
}
