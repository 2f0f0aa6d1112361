/**
 * What waits for a slow proxy: per destination only the newest line.
 *
 * A proxy that reads slowly must cost bounded memory and, once it reads again, must not work
 * through history: only the last configuration of a destination means anything. So a newer line
 * takes the place of an older one that has not been handed to the socket. The bound is
 * `subscriptionsMax` lines, and the lines themselves are shared between proxies.
 *
 * Pure: it is told whether the socket takes more. Used by `proxy-stream.ts`.
 */

export class Outbox {
  /** By destination, in the order of the first line that waits. */
  readonly #waiting = new Map<string, string>();

  /** `destination` decides what the line replaces. */
  put(destination: string, line: string): void {
    this.#waiting.set(destination, line);
  }

  drop(destination: string): void {
    this.#waiting.delete(destination);
  }

  /** Hands lines to `write` while it takes them; `write` answers whether it takes more. */
  drain(write: (line: string) => boolean): void {
    for (const [destination, line] of this.#waiting) {
      this.#waiting.delete(destination);
      if (!write(line)) return;
    }
  }

  get size(): number {
    return this.#waiting.size;
  }
}
