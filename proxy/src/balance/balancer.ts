/**
 * The one shape that the four balancers have, so that a backend asks them all alike.
 *
 * A balancer is made for one list of endpoints and replaced when the list changes; it keeps nothing
 * that must outlive it.
 *
 * Types only. Implemented by `p2c.ts` (ewma and least-request), `round-robin.ts`, `hash-ring.ts`.
 */
import type { Head } from '../http1/head.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sieve } from './sieve.ts';

/** At least two endpoints, each with `position` its index. */
export type EndpointList = readonly Endpoint[];

export interface Balancer {
  /** One that passes, else the least bad. `head` and `peer` matter to the hash ring only. */
  pick(head: Head | null, peer: string, sieve: Sieve): Endpoint;
}

/** What choosing an endpoint costs; the lower, the better. */
export type Cost = (endpoint: Endpoint, nowMs: number) => number;
