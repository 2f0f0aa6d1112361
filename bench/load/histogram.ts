/**
 * A latency histogram with a bounded relative error, in the manner of HdrHistogram.
 *
 * Buckets are 128 linear steps per power of two of microseconds, so a value is at most 0.8% off at
 * any size, and recording is two shifts and one addition: the generator must not disturb what it
 * measures. Why not keep every sample: a minute at 2,000/s is fine, an hour is not.
 *
 * Pure. Owned by the generator; its counts cross to the parent as JSON.
 */

const STEP_BITS = 7;
const STEPS = 1 << STEP_BITS;
/** About 67 s; slower answers land in the last bucket. */
const POWERS = 20;
const VALUE_MAX = STEPS * 2 ** (POWERS - 1) - 1;

export class Histogram {
  readonly #counts = new Uint32Array(STEPS * (POWERS + 1));
  #total = 0;
  #max = 0;
  #sum = 0;

  record(micros: number): void {
    const value = Math.min(VALUE_MAX, Math.max(0, Math.round(micros)));
    this.#counts[bucketOf(value)]!++;
    this.#total++;
    this.#sum += micros;
    if (micros > this.#max) this.#max = micros;
  }

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  get mean(): number {
    return this.#total === 0 ? Number.NaN : this.#sum / this.#total;
  }

  /** The value that `quantile` (0 to 1) of all samples do not exceed; NaN without samples. */
  quantile(quantile: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = Math.max(1, Math.ceil(quantile * this.#total));
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return Math.min(this.#max, highestOf(bucket));
    }
    return this.#max;
  }
}

/** Values under 128 have a bucket each; above, the top seven bits after the first choose it. */
function bucketOf(value: number): number {
  if (value < STEPS) return value;
  const shift = 31 - Math.clz32(value) - STEP_BITS;
  return STEPS * (shift + 1) + (value >>> shift) - STEPS;
}

function highestOf(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** shift - 1;
}
