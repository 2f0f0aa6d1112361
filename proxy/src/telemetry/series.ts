/**
 * What a metric is bound to: one number, or one histogram, with its labels.
 *
 * A series outlives every configuration: it is found by its labels and counted by how many use it.
 * When it was idle for long its slots go to another series, and a late caller writes where nobody
 * reads.
 *
 * Pure. Made by `family.ts`. Budget: no allocation, ≤ 20 ns for `inc` and `observe`.
 */
import { LATENCY_BOUNDS_MS, latencyBucket } from './latency-buckets.ts';
import type { Slots } from './slot-store.ts';

/** Slots of a histogram: its buckets, then the sum. */
export const HISTOGRAM_SLOTS = LATENCY_BOUNDS_MS.length + 2;
const SUM = HISTOGRAM_SLOTS - 1;
/** Where late callers write. */
const NOWHERE: Slots = { values: new Float64Array(HISTOGRAM_SLOTS), at: 0 };

export class Series {
  /** As exposed: `a="b",c="d"`; '' without labels. */
  readonly labels: string;
  values: Float64Array;
  at: number;
  /** How many are bound to it. */
  uses = 0;
  /** When the last one left. */
  idleSinceMs = 0;

  constructor(labels: string, slots: Slots) {
    this.labels = labels;
    this.values = slots.values;
    this.at = slots.at;
  }

  get value(): number {
    return this.values[this.at]!;
  }

  inc(): void {
    this.values[this.at]! += 1;
  }

  add(amount: number): void {
    this.values[this.at]! += amount;
  }

  set(value: number): void {
    this.values[this.at] = value;
  }

  /** Gives up its slots. */
  detach(): Slots {
    const slots = { values: this.values, at: this.at };
    this.values = NOWHERE.values;
    this.at = NOWHERE.at;
    return slots;
  }
}

export class HistogramSeries extends Series {
  observe(ms: number): void {
    const { values, at } = this;
    values[at + latencyBucket(ms)]! += 1;
    values[at + SUM]! += ms;
  }

  get sum(): number {
    return this.values[this.at + SUM]!;
  }

  get count(): number {
    let count = 0;
    for (let bucket = 0; bucket < SUM; bucket++) count += this.values[this.at + bucket]!;
    return count;
  }

  /** Of the bucket alone, not of those below it. */
  bucket(index: number): number {
    return this.values[this.at + index]!;
  }

  /** Estimated within its bucket, as PromQL's `histogram_quantile` does; null: nothing observed. */
  quantile(ratio: number): number | null {
    const rank = this.count * ratio;
    if (rank === 0) return null;
    let below = 0;
    for (let index = 0; index < LATENCY_BOUNDS_MS.length; index++) {
      const here = this.bucket(index);
      if (below + here >= rank) {
        const lower = index === 0 ? 0 : LATENCY_BOUNDS_MS[index - 1]!;
        const upper = LATENCY_BOUNDS_MS[index]!;
        return lower + ((upper - lower) * (rank - below)) / here;
      }
      below += here;
    }
    return LATENCY_BOUNDS_MS.at(-1)!;
  }
}
