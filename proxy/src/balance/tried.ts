/**
 * The endpoints that a request was sent to already.
 *
 * A list to be searched: there are one or two, ten at most. Embedded in its attempt.
 *
 * Pure. Budget: no allocation after construction.
 */
import * as limits from '../limits.ts';
import type { Endpoint } from './endpoint.ts';

export class TriedEndpoints {
  readonly #endpoints: (Endpoint | null)[] = Array.from({ length: limits.attemptsMax }, () => null);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Beyond `attemptsMax` no attempt follows, so none is remembered. */
  add(endpoint: Endpoint): void {
    if (this.#count < limits.attemptsMax) this.#endpoints[this.#count++] = endpoint;
  }

  has(endpoint: Endpoint): boolean {
    for (let at = 0; at < this.#count; at++) {
      if (this.#endpoints[at] === endpoint) return true;
    }
    return false;
  }

  clear(): void {
    while (this.#count > 0) this.#endpoints[--this.#count] = null;
  }
}
