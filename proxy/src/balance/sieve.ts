/**
 * Which endpoints a request may go to: not tried by it, not ejected, not full.
 *
 * Asked about the one or two that a balancer has drawn, never about all of them. Only where none
 * passes are all looked at: full is better than tried, tried better than ejected, any better than
 * none, since the caller knows whether to wait or to refuse.
 *
 * Pure. One a backend, set for every pick. Budget: no allocation.
 */
import type { EndpointList } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import type { TriedEndpoints } from './tried.ts';

const FULL = 1;
const TRIED = 2;
const OUT = 4;

export class Sieve {
  nowMs = 0;
  /** In panic, and where nobody is ejected: then no endpoint's health is looked at. */
  ignoresEjection = false;
  /** The two that were compared, for who asks why: null where nothing was. */
  one: Endpoint | null = null;
  other: Endpoint | null = null;
  oneCost = 0;
  otherCost = 0;
  #tried: TriedEndpoints | null = null;

  begin(tried: TriedEndpoints | null, nowMs: number): void {
    this.#tried = tried !== null && tried.count > 0 ? tried : null;
    this.nowMs = nowMs;
    this.ignoresEjection = true;
    this.one = null;
    this.other = null;
  }

  passes(endpoint: Endpoint): boolean {
    return (
      endpoint.slot.hasRoom &&
      (this.ignoresEjection || endpoint.health.outUntilMs <= this.nowMs) &&
      (this.#tried === null || !this.#tried.has(endpoint))
    );
  }

  /** Whether an endpoint whose probe is due may have this request for it. */
  passesAsProbe(endpoint: Endpoint): boolean {
    return (
      endpoint.health.isProbeDue(this.nowMs) &&
      endpoint.slot.hasRoom &&
      (this.#tried === null || !this.#tried.has(endpoint))
    );
  }

  /** Where none passes: the one with the least against it, then with the fewest in flight. */
  leastBad(endpoints: EndpointList): Endpoint {
    let best = endpoints[0]!;
    let against = this.#against(best);
    for (let index = 1; index < endpoints.length; index++) {
      const endpoint = endpoints[index]!;
      const its = this.#against(endpoint);
      if (its > against) continue;
      if (its === against && load(endpoint) >= load(best)) continue;
      best = endpoint;
      against = its;
    }
    return best;
  }

  #against(endpoint: Endpoint): number {
    let against = endpoint.slot.hasRoom ? 0 : FULL;
    if (this.#tried?.has(endpoint) === true) against += TRIED;
    if (!this.ignoresEjection && endpoint.health.outUntilMs > this.nowMs) against += OUT;
    return against;
  }
}

function load(endpoint: Endpoint): number {
  return endpoint.inFlight / endpoint.weight;
}
