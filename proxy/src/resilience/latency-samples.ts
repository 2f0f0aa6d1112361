/**
 * Answers of one window: how long each took, and how many requests were in flight when it was sent.
 *
 * Where more come than fit, every second, fourth, eighth of them is kept, spread over the window:
 * the latest alone were all of one batch of a server whose workers had fallen into step.
 * `elasticity` is the question that the adaptive limit asks: does latency follow the number in
 * flight (a queue: 1), or is it what it is (a slower server: 0)? In logarithms, so that it needs no
 * scale; of two halves, since a regression bends to single outliers.
 *
 * Pure. Budget: `add` allocates nothing; reading sorts a copy, once per window of 40 ms.
 */

/** Half of the samples must have been sent with so many times as much in flight as the other. */
const SPREAD_MIN = 1.5;
const ELASTICITY_SAMPLES_MIN = 8;
/** In flight is below this, so that it and a position fit one number that sorts natively. */
const POSITIONS = 1024;

export class LatencySamples {
  /** Since it was cleared, those included that were not kept. */
  added = 0;
  readonly #rttsMs: Float64Array;
  readonly #inFlight: Float64Array;
  #held = 0;
  /** One of so many is kept. */
  #stride = 1;
  #sumMs = 0;

  constructor(samplesMax: number) {
    this.#rttsMs = new Float64Array(samplesMax);
    this.#inFlight = new Float64Array(samplesMax);
  }

  /** Of all. */
  get meanMs(): number {
    return this.#sumMs / this.added;
  }

  add(rttMs: number, inFlight: number): void {
    this.added++;
    this.#sumMs += rttMs;
    if (this.added % this.#stride !== 0) return;
    if (this.#held === this.#rttsMs.length) this.#thinOut();
    this.#rttsMs[this.#held] = rttMs;
    this.#inFlight[this.#held] = inFlight;
    this.#held++;
  }

  addAll(others: LatencySamples): void {
    for (let i = 0; i < others.#held; i++) this.add(others.#rttsMs[i]!, others.#inFlight[i]!);
  }

  clear(): void {
    this.added = 0;
    this.#held = 0;
    this.#stride = 1;
    this.#sumMs = 0;
  }

  /** The latency that the `share` fastest stay below; 0 to 1. */
  rttAtMs(share: number): number {
    return atShare(this.#rttsMs.slice(0, this.#held).sort(), share);
  }

  inFlightAt(share: number): number {
    return atShare(this.#inFlight.slice(0, this.#held).sort(), share);
  }

  /**
   * Of all pairs, how many the later answer was the slower of: 0 to 1, a half by chance. For few:
   * each pair is looked at.
   */
  rising(): number {
    const held = this.#held;
    let slower = 0;
    for (let i = 0; i < held; i++) {
      for (let j = 0; j < i; j++) if (this.#rttsMs[i]! > this.#rttsMs[j]!) slower++;
    }
    return slower / ((held * (held - 1)) / 2);
  }

  /** Of latency over in flight; NaN: too few samples, or all were sent with about the same. */
  elasticity(): number {
    const held = this.#held;
    if (held < ELASTICITY_SAMPLES_MIN) return Number.NaN;
    const order = new Float64Array(held);
    for (let i = 0; i < held; i++) order[i] = this.#inFlight[i]! * POSITIONS + i;
    order.sort();
    const half = held >> 1;
    const calm = order.subarray(0, half);
    const busy = order.subarray(held - half);
    const calmInFlight = Math.floor(atShare(calm, 0.5) / POSITIONS);
    const busyInFlight = Math.floor(atShare(busy, 0.5) / POSITIONS);
    if (busyInFlight < SPREAD_MIN * calmInFlight) return Number.NaN;
    return Math.log(this.#rttOf(busy) / this.#rttOf(calm)) / Math.log(busyInFlight / calmInFlight);
  }

  #thinOut(): void {
    this.#stride *= 2;
    this.#held >>= 1;
    for (let i = 0; i < this.#held; i++) {
      this.#rttsMs[i] = this.#rttsMs[2 * i + 1]!;
      this.#inFlight[i] = this.#inFlight[2 * i + 1]!;
    }
  }

  /** The first quartile: the slow tail of a half is made of other things than its queue. */
  #rttOf(half: Float64Array): number {
    return atShare(half.map((key) => this.#rttsMs[key % POSITIONS]!).sort(), 0.25);
  }
}

function atShare(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
