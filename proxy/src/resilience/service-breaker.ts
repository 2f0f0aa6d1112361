/**
 * Whether a whole service has gone silent, so that asking it only adds to its queue.
 *
 * Opens after 5 misses in a row with no answer for 250 ms, from any endpoint: one that answers
 * slowly, or with errors, is not silent (that is for ejection and the limit). While open one real
 * request at a time goes through as a probe; the first answer to anything closes it. Why no timer:
 * a cooldown is either too long after the thaw or a burst of probes before it; one at a time is
 * as patient as its callers.
 *
 * Pure. Budget: two assignments per answer. Owned by `admission.ts`. Not the breaker of a rule.
 */

const MISSES_MAX = 5;
const SILENCE_MS = 250;

export class ServiceBreaker {
  isOpen = false;
  /** Times it opened. */
  opened = 0;
  #misses = 0;
  #answeredAtMs: number;
  #isProbed = false;

  constructor(nowMs: number) {
    this.#answeredAtMs = nowMs;
  }

  /** Whether this answer closed it. */
  onAnswer(nowMs: number): boolean {
    this.#misses = 0;
    this.#answeredAtMs = nowMs;
    if (!this.isOpen) return false;
    this.isOpen = false;
    return true;
  }

  /** Whether this miss opened it. */
  onMiss(nowMs: number): boolean {
    this.#misses++;
    if (this.isOpen || this.#misses < MISSES_MAX) return false;
    if (nowMs - this.#answeredAtMs < SILENCE_MS) return false;
    this.isOpen = true;
    this.opened++;
    return true;
  }

  /** Whether the asker is the probe. It tells `onProbeDone`, whatever becomes of it. */
  tryProbe(): boolean {
    if (this.#isProbed) return false;
    this.#isProbed = true;
    return true;
  }

  onProbeDone(): void {
    this.#isProbed = false;
  }
}
