/**
 * A gentle load, so that there is something to see: arrivals at random, as visitors come.
 *
 * Sent through an outbound sidecar of its own and not straight to the first service, so that the
 * load is an ordinary client of the mesh and the first service's route is measured like any other.
 * Each request names a user, so that a sticky rule has something to hold on to.
 *
 * Called by `mesh.ts`.
 */
import { Agent, request } from 'node:http';
import type { DevLoad } from './dev-file.ts';

/** More than this in flight means that the mesh is stuck: new arrivals are then left out. */
const IN_FLIGHT_MAX = 200;
const ANSWER_TIMEOUT_MS = 10_000;
const SOCKETS_MAX = 50;

export class Load {
  readonly #load: DevLoad;
  readonly #proxyPort: number;
  readonly #chance: () => number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  #timer: NodeJS.Timeout | undefined;
  #inFlight = 0;

  constructor(load: DevLoad, proxyPort: number, chance: () => number) {
    this.#load = load;
    this.#proxyPort = proxyPort;
    this.#chance = chance;
  }

  start(): void {
    if (this.#load.ratePerSecond > 0) this.#next();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#agent.destroy();
  }

  #next(): void {
    const pauseMs = nextArrivalMs(this.#load.ratePerSecond, this.#chance());
    this.#timer = setTimeout(() => {
      this.#next();
      if (this.#inFlight < IN_FLIGHT_MAX) this.#send();
    }, pauseMs);
  }

  #send(): void {
    const user = Math.floor(this.#chance() * this.#load.users);
    this.#inFlight++;
    const sent = request({
      host: '127.0.0.1',
      port: this.#proxyPort,
      path: this.#load.url,
      headers: { host: new URL(this.#load.url).host, 'x-user': `user-${user}` },
      agent: this.#agent,
    });
    sent.setTimeout(ANSWER_TIMEOUT_MS, () => sent.destroy());
    sent.on('response', (response) => response.resume());
    // What fails is counted by the sidecar, where the view reads it.
    sent.on('error', () => {});
    sent.on('close', () => this.#inFlight--);
    sent.end();
  }
}

/** The pause before the next of Poisson arrivals; `chance` is from 0 to less than 1. */
export function nextArrivalMs(ratePerSecond: number, chance: number): number {
  return (-Math.log(1 - chance) * 1_000) / ratePerSecond;
}
