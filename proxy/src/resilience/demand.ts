/**
 * Whether more is asked for than is answered, over the last second.
 *
 * A queue alone does not tell: a burst makes one and is served. Only while arrivals stay over 1.2
 * times the answers is it worth to serve the newest and let the oldest go. Ten buckets of 100 ms,
 * since totals over all time would never turn.
 *
 * Pure. Budget: an addition per arrival and per answer. Owned by `admission.ts`.
 */

const BUCKETS = 10;
const BUCKET_MS = 100;
const OVER_RATIO = 1.2;
/** Fewer say nothing. */
const ARRIVALS_MIN = 20;

export class Demand {
  readonly #arrivals = new Uint32Array(BUCKETS);
  readonly #answers = new Uint32Array(BUCKETS);
  #arrived = 0;
  #answered = 0;
  /** Buckets since time began; its remainder is the position. */
  #bucket = 0;
  #endsAtMs = 0;

  onArrival(nowMs: number): void {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs);
    this.#arrivals[this.#bucket % BUCKETS]!++;
    this.#arrived++;
  }

  onAnswer(nowMs: number): void {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs);
    this.#answers[this.#bucket % BUCKETS]!++;
    this.#answered++;
  }

  isOver(nowMs: number): boolean {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs);
    return this.#arrived >= ARRIVALS_MIN && this.#arrived > OVER_RATIO * this.#answered;
  }

  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    const passed = Math.min(BUCKETS, bucket - this.#bucket);
    for (let i = 0; i < passed; i++) {
      const position = (bucket - i) % BUCKETS;
      this.#arrived -= this.#arrivals[position]!;
      this.#answered -= this.#answers[position]!;
      this.#arrivals[position] = 0;
      this.#answers[position] = 0;
    }
    this.#bucket = bucket;
    this.#endsAtMs = (bucket + 1) * BUCKET_MS;
  }
}
