/**
 * One request's way to one endpoint, and what is known of its earlier attempts: which endpoint was
 * picked, which connection it holds or waits for, how long the answer took.
 *
 * The exchange decides whether there is another attempt; this keeps the books, so that balancer and
 * pool hear of every attempt exactly once. Embedded in its exchange.
 *
 * Budget: no allocation per exchange.
 */
import { type Backend, NOT_MEASURED } from '../balance/backend.ts';
import type { Endpoint } from '../balance/endpoint.ts';
import { TriedEndpoints } from '../balance/tried.ts';
import type { Head } from '../http1/head.ts';
import { Lease, type LeaseHolder } from '../net/pool.ts';
import type { Upstream } from '../net/upstream.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import type { ExchangeWorld } from './exchange-world.ts';

/** What `begin` came to. */
export const BEGUN = { NO_ENDPOINT: 0, LEASED: 1, WAITING: 2, POOL_FULL: 3 } as const;

/** One more than the first, and only where nothing was sent or a reused connection died. */
const ATTEMPTS_MAX = 2;

export class Attempt {
  backend: Backend | null = null;
  endpoint: Endpoint | null = null;
  upstream: Upstream | null = null;
  readonly #world: ExchangeWorld;
  readonly #holder: LeaseHolder;
  readonly #lease: Lease;
  readonly #tried = new TriedEndpoints();
  #epoch = 0;
  #count = 0;
  #sentAtMs = 0;
  /** From the request written to the answer's head. */
  #rttMs: number = NOT_MEASURED;

  constructor(world: ExchangeWorld, holder: LeaseHolder) {
    this.#world = world;
    this.#holder = holder;
    this.#lease = new Lease(holder);
  }

  get mayFollow(): boolean {
    return this.#count < ATTEMPTS_MAX;
  }

  /** Where this attempt goes, for people. */
  get where(): string {
    const key = this.backend?.key ?? '';
    return this.endpoint === null ? key : `${this.endpoint.key} of ${key}`;
  }

  /** Picks an endpoint and leases a connection, or queues for one. */
  begin(request: Head, peer: string): number {
    const backend = this.backend!;
    const nowMs = this.#world.clock.nowMs();
    const endpoint = backend.pick(request, peer, this.#tried, nowMs);
    if (endpoint === null) return BEGUN.NO_ENDPOINT;
    this.#count++;
    this.endpoint = endpoint;
    this.#sentAtMs = nowMs; // What fails before it is sent took from here on.
    this.#epoch = backend.onSent(endpoint, nowMs);
    const pool = this.#world.poolOf(endpoint, backend);
    this.upstream = pool.tryLease(this.#holder, nowMs);
    if (this.upstream !== null) return BEGUN.LEASED;
    return pool.wait(this.#lease) ? BEGUN.WAITING : BEGUN.POOL_FULL;
  }

  onSent(): void {
    this.#sentAtMs = this.#world.clock.nowMs();
  }

  onAnswered(): void {
    this.#rttMs = this.#world.clock.nowMs() - this.#sentAtMs;
  }

  /** Tells the balancer how it went, once. What the client cut short says nothing. */
  settle(failed: boolean): void {
    const endpoint = this.endpoint;
    if (endpoint === null) return;
    this.endpoint = null;
    this.#tried.add(endpoint);
    const nowMs = this.#world.clock.nowMs();
    let outcome: number = failed ? OUTCOME.FAILED : OUTCOME.OK;
    let rttMs = this.#rttMs;
    if (rttMs === NOT_MEASURED && !failed) outcome = OUTCOME.NOTHING_LEARNED;
    if (rttMs === NOT_MEASURED && failed) rttMs = nowMs - this.#sentAtMs;
    this.#rttMs = NOT_MEASURED;
    this.backend!.onDone(endpoint, this.#epoch, rttMs, outcome, nowMs);
  }

  /** Lets go of the upstream side, whatever it is doing. */
  drop(failed: boolean): void {
    this.#lease.cancel();
    const upstream = this.upstream;
    this.upstream = null;
    upstream?.close();
    this.settle(failed);
  }

  /** The answer is whole: the connection goes back to its pool. */
  finish(failed: boolean): void {
    const upstream = this.upstream!;
    this.upstream = null;
    upstream.home.giveBack(upstream);
    this.settle(failed);
  }

  reset(): void {
    this.backend = null;
    this.upstream = null;
    this.#tried.clear();
    this.#count = 0;
  }
}

/** What counts as a failure of the service, for balancer and metrics alike. */
export function isFailure(status: number): boolean {
  return status === 500 || (status >= 502 && status <= 504);
}
