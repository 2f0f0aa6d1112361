/**
 * The power of two choices: of two endpoints drawn at random, the one that costs less.
 *
 * Why not the best of all: every proxy would send to the same one until its figures change. Why not
 * one at random: the most loaded of n then has log n, here log log n. And it is O(1): where one of
 * the two may not be picked, others are drawn until two may, so that every pair stays equally
 * likely; only few endpoints, or few that may be picked, are looked through.
 *
 * Pure: chance is handed in. Budget: no object. Costs: `ewma.ts`, `least-request.ts`.
 */
import type { Chance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import type { Balancer, Cost, EndpointList } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sieve } from './sieve.ts';

/** With half of them out, all of these miss a second one in one pick of four thousand. */
const DRAWS_MAX = 16;

export class P2c implements Balancer {
  readonly #endpoints: EndpointList;
  readonly #cost: Cost;
  readonly #chance: Chance;

  constructor(endpoints: EndpointList, cost: Cost, chance: Chance) {
    this.#endpoints = endpoints;
    this.#cost = cost;
    this.#chance = chance;
  }

  pick(_head: Head | null, _peer: string, sieve: Sieve): Endpoint {
    const endpoints = this.#endpoints;
    // One draw for both: what the first choice leaves of it is chance as well.
    const drawn = this.#chance() * endpoints.length;
    const first = Math.floor(drawn);
    const one = endpoints[first]!;
    const other = endpoints[past(first, Math.floor((drawn - first) * (endpoints.length - 1)))]!;
    if (sieve.passes(one) && sieve.passes(other)) return this.#cheaper(one, other, sieve);
    return endpoints.length > DRAWS_MAX ? this.#drawOn(sieve) : this.#lookThrough(sieve);
  }

  #drawOn(sieve: Sieve): Endpoint {
    const endpoints = this.#endpoints;
    let one: Endpoint | null = null;
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const drawn = endpoints[Math.floor(this.#chance() * endpoints.length)]!;
      if (drawn === one || !sieve.passes(drawn)) continue;
      if (one !== null) return this.#cheaper(one, drawn, sieve);
      one = drawn;
    }
    return this.#lookThrough(sieve);
  }

  /** Counts those that pass and draws two of them. */
  #lookThrough(sieve: Sieve): Endpoint {
    const endpoints = this.#endpoints;
    let passing = 0;
    for (let index = 0; index < endpoints.length; index++) {
      if (sieve.passes(endpoints[index]!)) passing++;
    }
    if (passing === 0) return sieve.leastBad(endpoints);
    const first = Math.floor(this.#chance() * passing);
    const one = this.#passingAt(first, sieve);
    if (passing === 1) return one;
    const second = past(first, Math.floor(this.#chance() * (passing - 1)));
    return this.#cheaper(one, this.#passingAt(second, sieve), sieve);
  }

  #passingAt(rank: number, sieve: Sieve): Endpoint {
    let left = rank;
    for (let index = 0; ; index++) {
      const endpoint = this.#endpoints[index]!;
      if (sieve.passes(endpoint) && left-- === 0) return endpoint;
    }
  }

  #cheaper(one: Endpoint, other: Endpoint, sieve: Sieve): Endpoint {
    const oneCost = this.#cost(one, sieve.nowMs);
    const otherCost = this.#cost(other, sieve.nowMs);
    sieve.one = one;
    sieve.other = other;
    sieve.oneCost = oneCost;
    sieve.otherCost = otherCost;
    // Costs that have decayed to nothing still differ by what is in flight.
    if (oneCost === otherCost) return other.inFlight < one.inFlight ? other : one;
    return oneCost < otherCost ? one : other;
  }
}

/** The drawn index with `skipped` left out of the numbering. */
function past(skipped: number, drawn: number): number {
  return drawn >= skipped ? drawn + 1 : drawn;
}
