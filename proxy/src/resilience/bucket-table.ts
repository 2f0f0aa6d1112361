/**
 * The buckets of one rate limit by the hash of their key: a bounded table that allocates once.
 *
 *   chains by hash: #first[hash] -> #after[bucket] -> ...   order of use: newest <-> ... <-> oldest
 *
 * A new key takes an unused bucket, else the oldest one that is full again, looked for among the
 * last few in use. Keys are 64 bits of a seeded hash and not the bytes, which may be 8 KiB each:
 * two of 4,096 keys share a bucket once in 2^41 tables.
 *
 * Pure. Owned by `rate-limit.ts`. Budget: no allocation after the constructor.
 */
import * as limits from '../limits.ts';
import { finish } from '../routing/request-key.ts';

export const NO_BUCKET = -1;

export class BucketTable {
  /** By bucket: when it is full; the caller's to write. */
  readonly fullAtMs: Float64Array;
  readonly #highs: Int32Array;
  readonly #lows: Int32Array;
  readonly #first: Int32Array;
  readonly #after: Int32Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #used = 0;
  #newest = NO_BUCKET;
  #oldest = NO_BUCKET;

  constructor(size: number) {
    this.fullAtMs = new Float64Array(size);
    this.#highs = new Int32Array(size);
    this.#lows = new Int32Array(size);
    this.#first = new Int32Array(size).fill(NO_BUCKET);
    this.#after = new Int32Array(size).fill(NO_BUCKET);
    this.#newer = new Int32Array(size).fill(NO_BUCKET);
    this.#older = new Int32Array(size).fill(NO_BUCKET);
  }

  /** The key's bucket, found or made (full); NO_BUCKET: there is no room for a new one. */
  open(high: number, low: number, nowMs: number): number {
    const chain = this.#chainOf(high, low);
    let bucket = this.#first[chain]!;
    while (bucket !== NO_BUCKET) {
      if (this.#highs[bucket] === high && this.#lows[bucket] === low) {
        this.#unlink(bucket);
        this.#linkNewest(bucket);
        return bucket;
      }
      bucket = this.#after[bucket]!;
    }
    bucket = this.#used < this.#highs.length ? this.#used++ : this.#takeFull(nowMs);
    if (bucket === NO_BUCKET) return NO_BUCKET;
    this.#highs[bucket] = high;
    this.#lows[bucket] = low;
    this.fullAtMs[bucket] = nowMs;
    this.#after[bucket] = this.#first[chain]!;
    this.#first[chain] = bucket;
    this.#linkNewest(bucket);
    return bucket;
  }

  /** Takes the oldest bucket that is full away from its key. */
  #takeFull(nowMs: number): number {
    let bucket = this.#oldest;
    for (let step = 0; step < limits.rateLimitStepsMax && bucket !== NO_BUCKET; step++) {
      if (this.fullAtMs[bucket]! <= nowMs) {
        this.#unchain(bucket);
        this.#unlink(bucket);
        return bucket;
      }
      bucket = this.#newer[bucket]!;
    }
    return NO_BUCKET;
  }

  #chainOf(high: number, low: number): number {
    return (finish(high ^ finish(low)) >>> 0) % this.#first.length;
  }

  #unchain(bucket: number): void {
    const chain = this.#chainOf(this.#highs[bucket]!, this.#lows[bucket]!);
    if (this.#first[chain] === bucket) {
      this.#first[chain] = this.#after[bucket]!;
      return;
    }
    let before = this.#first[chain]!;
    while (this.#after[before] !== bucket) before = this.#after[before]!;
    this.#after[before] = this.#after[bucket]!;
  }

  #linkNewest(bucket: number): void {
    this.#older[bucket] = this.#newest;
    this.#newer[bucket] = NO_BUCKET;
    if (this.#newest === NO_BUCKET) this.#oldest = bucket;
    else this.#newer[this.#newest] = bucket;
    this.#newest = bucket;
  }

  #unlink(bucket: number): void {
    const newer = this.#newer[bucket]!;
    const older = this.#older[bucket]!;
    if (newer === NO_BUCKET) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NO_BUCKET) this.#oldest = newer;
    else this.#newer[older] = newer;
  }
}
