/**
 * A rate limit: how often each caller may ask, a burst at once.
 *
 * A token bucket written as one number a caller, the instant at which its bucket is full again:
 * nothing refills by timer, and a bucket that is full says no more than one never made. So when the
 * table is full it is such a bucket that goes, and no caller gains by it. Where none is full, new
 * callers share one bucket (counted): many invented keys are one caller. The hash is seeded by
 * chance, so that nobody can aim for another's bucket.
 *
 * Pure: time and chance are handed in. Owned by inbound, one a limit. Budget: no allocation.
 */
import type { RateLimitConfig } from '@remora/api/wire-resilience.ts';
import type { Chance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { RequestKey } from '../routing/request-key.ts';
import { BucketTable, NO_BUCKET } from './bucket-table.ts';

export class RateLimit {
  /** Whether `spend` reads the peer's address, which costs a system call. */
  readonly needsPeer: boolean;
  /** Requests that had to use the bucket that callers share. */
  overflows = 0;
  readonly #tokenMs: number;
  /** How far ahead of now a bucket may be filled. */
  readonly #depthMs: number;
  /** Null: everybody has the shared bucket. */
  readonly #key: RequestKey | null;
  readonly #table: BucketTable | null;
  #sharedFullAtMs = 0;
  #latestMs = 0;

  constructor(config: RateLimitConfig, chance: Chance) {
    this.#tokenMs = 1_000 / config.ratePerSecond;
    this.#depthMs = Math.max(1, config.burst) * this.#tokenMs;
    const { type, name } = config.key;
    this.needsPeer = type === 'peer';
    this.#key = type === 'all' ? null : new RequestKey({ type, name }, String(chance()));
    this.#table = type === 'all' ? null : new BucketTable(limits.rateLimitKeysMax);
  }

  /** 0: a token was spent. Else the whole milliseconds until there is one, for Retry-After. */
  spend(head: Head, peer: string, clockMs: number): number {
    // A clock that went back brings nothing until it has caught up: no time is paid for twice.
    const nowMs = Math.max(this.#latestMs, clockMs);
    this.#latestMs = nowMs;
    const table = this.#table;
    if (table === null) return this.#spendShared(nowMs);
    const key = this.#key!;
    key.read(head, peer); // Those without a key are one caller: leaving it out gains nothing.
    const bucket = table.open(key.hash.high, key.hash.low, nowMs);
    if (bucket === NO_BUCKET) {
      this.overflows++;
      return this.#spendShared(nowMs);
    }
    const fullAtMs = this.#fillAfter(table.fullAtMs[bucket]!, nowMs);
    if (fullAtMs - nowMs > this.#depthMs) return this.#waitMs(fullAtMs, nowMs);
    table.fullAtMs[bucket] = fullAtMs;
    return 0;
  }

  #spendShared(nowMs: number): number {
    const fullAtMs = this.#fillAfter(this.#sharedFullAtMs, nowMs);
    if (fullAtMs - nowMs > this.#depthMs) return this.#waitMs(fullAtMs, nowMs);
    this.#sharedFullAtMs = fullAtMs;
    return 0;
  }

  /** When the bucket would be full again with one more token taken. */
  #fillAfter(fullAtMs: number, nowMs: number): number {
    return Math.max(fullAtMs, nowMs) + this.#tokenMs;
  }

  #waitMs(fullAtMs: number, nowMs: number): number {
    return Math.max(1, Math.ceil(fullAtMs - nowMs - this.#depthMs));
  }
}
