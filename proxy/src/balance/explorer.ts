/**
 * Offers a request to an endpoint that peak EWMA has left alone, to see whether it is still slow.
 *
 * A mean that only decays keeps an endpoint of 500 ms among others of 5 ms out for 46 s after it
 * has healed. So one that has missed 20 turns and a second gets a request that may be sent again;
 * each good answer then halves what its mean is too high by, as orders of magnitude go. A shorter
 * decay was refused: it forgets what is still true. So at most one request in 20 is spent on it.
 *
 * Pure. Owned by `backend.ts`. Budget: one endpoint is looked at per pick, in turn.
 */
import type { EndpointList } from './balancer.ts';
import type { Endpoint } from './endpoint.ts';
import type { Sieve } from './sieve.ts';

const TURNS_MISSED = 20;
const ALONE_MS = 1_000;
/** A trial that failed doubles the time to the next one, up to 8 s. */
const DOUBLINGS_MAX = 3;

export class Explorer {
  #turn = 0;
  /** Requests sent so far. */
  #sent = 0;

  /** The endpoint to be tried by this request; null: none. */
  due(endpoints: EndpointList, sieve: Sieve): Endpoint | null {
    this.#turn = (this.#turn + 1) % endpoints.length;
    const endpoint = endpoints[this.#turn]!;
    const aloneMs = ALONE_MS * 2 ** endpoint.failedTrials;
    if (sieve.nowMs - endpoint.sentAtMs < aloneMs || endpoint.inFlight > 0) return null;
    if (this.#sent - endpoint.sentTurn < TURNS_MISSED * endpoints.length) return null;
    if (!sieve.passes(endpoint)) return null;
    endpoint.isExplored = true;
    return endpoint;
  }

  /** Whether this was such a request; asked once, when it has ended. */
  wasTrial(endpoint: Endpoint, failed: boolean): boolean {
    if (!endpoint.isExplored) return false;
    endpoint.isExplored = false;
    endpoint.failedTrials = failed ? Math.min(DOUBLINGS_MAX, endpoint.failedTrials + 1) : 0;
    return true;
  }

  onSent(endpoint: Endpoint, nowMs: number): void {
    endpoint.sentAtMs = nowMs;
    endpoint.sentTurn = ++this.#sent;
  }
}
