/**
 * A ring of hashed points: requests of one key stay on one endpoint while endpoints come and go.
 *
 *     key ─▶ next point clockwise ─▶ its endpoint; not usable ─▶ walk on ≤ 16 points ─▶ P2C
 *
 * Points per unit of weight are a power of two, so one endpoint more or less leaves the others'
 * points alone, but for a halving where the ring would pass its bound. A point is one number, hash
 * and endpoint. Hashes are even, so that as many buckets as points sort and find in O(1) each:
 * 1,000 endpoints take under 2 ms. Requests without the key go where fewest are in flight.
 *
 * Pure. Budget: no object per pick.
 */
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { finish, KeyHash, type RequestKey } from '../routing/request-key.ts';
import type { Balancer, EndpointList } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sieve } from './sieve.ts';

/** Room for the endpoint in a point: with 32 bits of hash it is an integer of 52 bits. */
const ENDPOINTS_MAX = 2 ** 20;
/** With these, shares of equal endpoints stay within about a tenth. */
const POINTS_PER_WEIGHT_MAX = 256;

export class HashRing implements Balancer {
  readonly #endpoints: EndpointList;
  readonly #points: Points;
  readonly #key: RequestKey;
  readonly #otherwise: Balancer;

  constructor(endpoints: EndpointList, key: RequestKey, otherwise: Balancer) {
    this.#endpoints = endpoints;
    this.#points = new Points(unsortedPoints(endpoints));
    this.#key = key;
    this.#otherwise = otherwise;
  }

  pick(head: Head | null, peer: string, sieve: Sieve): Endpoint {
    if (this.#key.read(head, peer)) {
      let at = this.#points.firstFrom(pointHash(this.#key.hash, 0));
      for (let step = 0; step < limits.ringStepsMax; step++) {
        const endpoint = this.#endpoints[this.#points.endpointAt(at)]!;
        if (sieve.passes(endpoint)) return endpoint;
        at = this.#points.after(at);
      }
    }
    return this.#otherwise.pick(head, peer, sieve);
  }
}

/** The points in order, and where those of each bucket (the hash's upper bits) begin. */
class Points {
  readonly #sorted: Float64Array;
  readonly #starts: Int32Array;
  readonly #shift: number;

  constructor(unsorted: Float64Array) {
    const bits = Math.max(1, Math.ceil(Math.log2(unsorted.length)));
    this.#shift = 32 - bits;
    this.#starts = new Int32Array(2 ** bits + 1);
    const starts = this.#starts;
    for (let at = 0; at < unsorted.length; at++) starts[this.#bucketOf(unsorted[at]!) + 1]!++;
    for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!;
    this.#sorted = this.#sort(unsorted);
  }

  /** Index of the first point whose hash is at least `hash`, round the ring. */
  firstFrom(hash: number): number {
    const wanted = hash * ENDPOINTS_MAX;
    let at = this.#starts[hash >>> this.#shift]!;
    while (at < this.#sorted.length && this.#sorted[at]! < wanted) at++;
    return at === this.#sorted.length ? 0 : at;
  }

  after(at: number): number {
    return at + 1 === this.#sorted.length ? 0 : at + 1;
  }

  /** Index of the endpoint. */
  endpointAt(at: number): number {
    return this.#sorted[at]! % ENDPOINTS_MAX;
  }

  #bucketOf(point: number): number {
    return Math.floor(point / ENDPOINTS_MAX) >>> this.#shift;
  }

  /** Each into its bucket, and there by insertion: a bucket holds about one. */
  #sort(unsorted: Float64Array): Float64Array {
    const sorted = new Float64Array(unsorted.length);
    const ends = this.#starts.slice();
    for (let from = 0; from < unsorted.length; from++) {
      const point = unsorted[from]!;
      const bucket = this.#bucketOf(point);
      const first = this.#starts[bucket]!;
      let at = ends[bucket]!++;
      for (; at > first && sorted[at - 1]! > point; at--) sorted[at] = sorted[at - 1]!;
      sorted[at] = point;
    }
    return sorted;
  }
}

function unsortedPoints(endpoints: EndpointList): Float64Array {
  const perWeight = pointsPerWeight(endpoints);
  const counts = endpoints.map((endpoint) => Math.max(1, Math.floor(endpoint.weight * perWeight)));
  const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  const hash = new KeyHash();
  let filled = 0;
  for (let index = 0; index < endpoints.length; index++) {
    hash.start(0);
    hash.text(endpoints[index]!.key);
    for (let point = 0; point < counts[index]!; point++) {
      points[filled++] = pointHash(hash, point) * ENDPOINTS_MAX + index;
    }
  }
  return points;
}

/** The largest power of two with which the ring stays within its bound. */
function pointsPerWeight(endpoints: EndpointList): number {
  const weights = endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0);
  const fitting = 2 ** Math.floor(Math.log2(limits.ringPointsMax / weights));
  return Math.min(POINTS_PER_WEIGHT_MAX, fitting);
}

/** 32 bits, unsigned. */
function pointHash(hash: KeyHash, point: number): number {
  return finish(finish(hash.low ^ Math.imul(point, 0x9e3779b1)) ^ hash.high) >>> 0;
}
