/**
 * The power of two choices: of two endpoints drawn at random, the one that costs less.
 *
 * Why not the best of all: every proxy would send to the same one until its figures change. Why not
 * one at random: the most loaded of n then has log n, here log log n. And it is O(1).
 *
 * Pure: chance is handed in. Budget: no object. Costs: `ewma.ts`, `least-request.ts`.
 */
import type { Chance } from '../clock.ts';
import type { Head } from '../http1/head.ts';
import type { Balancer, Cost, EndpointList } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';

export class P2c implements Balancer {
  readonly #endpoints: EndpointList;
  readonly #cost: Cost;
  readonly #chance: Chance;

  constructor(endpoints: EndpointList, cost: Cost, chance: Chance) {
    this.#endpoints = endpoints;
    this.#cost = cost;
    this.#chance = chance;
  }

  pick(_head: Head | null, _peer: string, tried: Endpoint | null, nowMs: number): Endpoint {
    const endpoints = this.#endpoints;
    const skipped = tried !== null && endpoints[tried.position] === tried ? tried.position : -1;
    const size = skipped === -1 ? endpoints.length : endpoints.length - 1;

    // One draw for both: what the first choice leaves of it is chance as well.
    const drawn = this.#chance() * size;
    const first = Math.floor(drawn);
    const one = endpoints[past(skipped, first)]!;
    if (size === 1) return one;
    const second = past(first, Math.floor((drawn - first) * (size - 1)));
    const other = endpoints[past(skipped, second)]!;

    const oneCost = this.#cost(one, nowMs);
    const otherCost = this.#cost(other, nowMs);
    // Costs that have decayed to nothing still differ by what is in flight.
    if (oneCost === otherCost) return other.inFlight < one.inFlight ? other : one;
    return oneCost < otherCost ? one : other;
  }
}

/** The drawn index with `skipped` (-1: none) left out of the numbering. */
function past(skipped: number, drawn: number): number {
  return skipped !== -1 && drawn >= skipped ? drawn + 1 : drawn;
}
