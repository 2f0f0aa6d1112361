/**
 * A bearer token that lives in a file and changes there: kubelet replaces a projected token at 80%
 * of its life, and the old one stops working.
 *
 * Read again once a minute, and at once when the API server refused it. Not watched: kubelet swaps
 * a symbolic link, which file events report in ways that differ by file system.
 *
 * Reads a small file from memory (tmpfs), so it may block. Used by `transport.ts`.
 */
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';

export interface TokenSource {
  /** Null: there is none now. */
  current(): string | null;
  /** The server refused `token`: true where there is another one to try. */
  renew(token: string | null): boolean;
}

export class TokenFile implements TokenSource {
  readonly #file: string;
  readonly #clock: Clock;
  #token: string | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  current(): string | null {
    if (this.#clock.nowMs() - this.#readAtMs >= limits.kubeTokenAgeMsMax) this.#read();
    return this.#token;
  }

  renew(token: string | null): boolean {
    this.#read();
    return this.#token !== null && this.#token !== token;
  }

  #read(): void {
    this.#readAtMs = this.#clock.nowMs();
    try {
      // The last one read may still work, so a file that is away for a moment changes nothing.
      this.#token = readFileSync(this.#file, 'utf8').trim() || this.#token;
    } catch {}
  }
}

/** A token that was written down and never changes. */
export function fixedToken(token: string): TokenSource {
  return { current: () => token, renew: () => false };
}
