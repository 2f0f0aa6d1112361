/**
 * In turn: by a cursor where all weights are equal, else smoothly weighted.
 *
 * Smooth: an endpoint of weight 3 among two of weight 1 is picked a b a c a, not a a a b c. That
 * looks at every endpoint, so equal weights, the common case, take the cursor. Under the cursor an
 * endpoint in slow start lets turns pass by chance. The cursor starts anywhere: proxies that start
 * together would otherwise march in step.
 *
 * Pure: chance is handed in. Budget: no allocation; O(1) with equal weights, else O(endpoints).
 */
import type { Chance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import type { Balancer, EndpointList } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sieve } from './sieve.ts';
import { slowStartShare } from './slow-start.ts';

/** Turns that may pass in one pick: enough that a share of a tenth still shows among the warm. */
const PASSES_MAX = 32;

export class RoundRobin implements Balancer {
  readonly #endpoints: EndpointList;
  readonly #slowStartMs: number;
  readonly #chance: Chance;
  readonly #equalWeights: boolean;
  #cursor: number;

  constructor(endpoints: EndpointList, slowStartMs: number, chance: Chance) {
    this.#endpoints = endpoints;
    this.#slowStartMs = slowStartMs;
    this.#chance = chance;
    this.#equalWeights = endpoints.every((endpoint) => endpoint.weight === endpoints[0]!.weight);
    this.#cursor = Math.floor(chance() * endpoints.length);
  }

  pick(_head: Head | null, _peer: string, sieve: Sieve): Endpoint {
    return this.#equalWeights ? this.#nextInLine(sieve) : this.#mostCredit(sieve);
  }

  #nextInLine(sieve: Sieve): Endpoint {
    let passed = 0;
    let skipped = 0;
    while (skipped < this.#endpoints.length) {
      const endpoint = this.#endpoints[this.#cursor]!;
      this.#cursor = this.#cursor + 1 === this.#endpoints.length ? 0 : this.#cursor + 1;
      if (!sieve.passes(endpoint)) {
        skipped++;
        continue;
      }
      skipped = 0;
      const share = slowStartShare(endpoint, this.#slowStartMs, sieve.nowMs);
      if (share === 1 || passed >= PASSES_MAX || this.#chance() < share) return endpoint;
      passed++;
    }
    return sieve.leastBad(this.#endpoints);
  }

  /** Every endpoint earns its weight; the richest pays what all earned, and goes. */
  #mostCredit(sieve: Sieve): Endpoint {
    let earned = 0;
    let best: Endpoint | null = null;
    for (let index = 0; index < this.#endpoints.length; index++) {
      const endpoint = this.#endpoints[index]!;
      if (!sieve.passes(endpoint)) continue;
      const share = endpoint.weight * slowStartShare(endpoint, this.#slowStartMs, sieve.nowMs);
      earned += share;
      endpoint.turn += share;
      if (best === null || endpoint.turn > best.turn) best = endpoint;
    }
    if (best === null) return sieve.leastBad(this.#endpoints);
    best.turn -= earned;
    return best;
  }
}
