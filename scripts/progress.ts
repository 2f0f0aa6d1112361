/**
 * Progress of something that takes minutes: lines with the time since it began.
 *
 * A line that tells how far one step is, is printed every few seconds at most; CI keeps every line
 * for years. Steps are always printed.
 *
 * Used by the cluster's commands.
 */

const PAUSE_MS = 5_000;

export class Progress {
  readonly #startedAtMs = performance.now();
  #saidAtMs = -PAUSE_MS;

  /** A new step. */
  readonly step = (line: string): void => {
    this.#print(line);
  };

  /** How far it is. Dropped where the last one is hardly old. */
  readonly detail = (line: string): void => {
    if (performance.now() - this.#saidAtMs < PAUSE_MS) return;
    this.#saidAtMs = performance.now();
    this.#print(`  ${line}`);
  };

  get seconds(): string {
    return ((performance.now() - this.#startedAtMs) / 1_000).toFixed(1);
  }

  #print(line: string): void {
    console.log(`${this.seconds.padStart(7)} s  ${line}`);
  }
}
