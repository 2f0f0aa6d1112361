/** The books of a load run: one row per request, written as requests end. Owned by one run. */
import { epochMs } from '../machine/orders.ts';
import type { LoadReport } from './load-order.ts';

export class Records {
  readonly #startAtMs: number;
  readonly #firstKey: number;
  readonly #dueMs: Float64Array;
  readonly #sentMs: Float64Array;
  readonly #tookMs: Float64Array;
  readonly #ends: Int16Array;
  readonly #critical: Uint8Array;
  /** Answers on idle connections. */
  unasked = 0;
  #ended = 0;

  constructor(count: number, startAtMs: number, firstKey: number) {
    this.#startAtMs = startAtMs;
    this.#firstKey = firstKey;
    this.#dueMs = new Float64Array(count);
    this.#sentMs = new Float64Array(count).fill(Number.NaN);
    this.#tookMs = new Float64Array(count);
    this.#ends = new Int16Array(count);
    this.#critical = new Uint8Array(count);
  }

  get count(): number {
    return this.#ends.length;
  }

  get isComplete(): boolean {
    return this.#ended === this.count;
  }

  nowMs(): number {
    return epochMs() - this.#startAtMs;
  }

  due(at: number, dueMs: number, critical: boolean): void {
    this.#dueMs[at] = dueMs;
    this.#critical[at] = critical ? 1 : 0;
  }

  sent(at: number): void {
    this.#sentMs[at] = this.nowMs();
  }

  /** False: it had ended before. */
  end(at: number, end: number): boolean {
    if (this.#ends[at] !== 0) return false;
    this.#ends[at] = end;
    this.#tookMs[at] = this.nowMs() - this.#dueMs[at]!;
    this.#ended++;
    return true;
  }

  isCritical(at: number): boolean {
    return this.#critical[at] === 1;
  }

  report(): LoadReport {
    return {
      startAtMs: this.#startAtMs,
      dueMs: this.#dueMs,
      sentMs: this.#sentMs,
      tookMs: this.#tookMs,
      ends: this.#ends,
      critical: this.#critical,
      firstKey: this.#firstKey,
      unasked: this.unasked,
    };
  }
}
