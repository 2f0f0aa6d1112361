/**
 * Ends the listeners without losing a request: first the way in, and when the application has gone
 * the way out.
 *
 *   SERVING → ENTRY → EXIT_OPEN (until `end`) → EXIT → DONE
 *   a door closes: answers say close → nobody new comes → no more are taken → quiet ones close
 *
 * `begin`, for POST /drain: the application lives, so the way in stays open until callers have
 * heard, what is in flight has all its time, and the way out is left alone: only kubelet knows when
 * the application has gone. `end`, for SIGTERM, is then, and has a bound. Only quiet connections
 * are closed: behind a busy one's answer the client may be writing its next request. Not pure:
 * sleeps. Called by `proxy.ts`.
 */
import type { DrainPhase } from '@remora/api/draining.ts';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Listener } from './listener.ts';

const CHECK_MS = 20;

const PHASE = { SERVING: 0, ENTRY: 1, EXIT_OPEN: 2, EXIT: 3, DONE: 4 } as const;
const NAMES: readonly DrainPhase[] = ['serving', 'closing-in', 'in-closed', 'closing-out', 'done'];

/** Read when they are used: listeners open after the drain is made. */
export interface Doors {
  /** Where requests to the application, or to what this proxy stands before, come in. */
  readonly entry: readonly Listener[];
  /** Where the application's own requests come in. */
  readonly exit: readonly Listener[];
}

export class Drain {
  readonly #doors: Doors;
  readonly #clock: Clock;
  #phase: number = PHASE.SERVING;
  /** Of a drain that does not end yet: kubelet has its own bound. */
  #untilMs = Number.POSITIVE_INFINITY;
  #isEnding = false;
  readonly #ended = Promise.withResolvers<void>();
  #done: Promise<boolean> | null = null;

  constructor(doors: Doors, clock: Clock) {
    this.#doors = doors;
    this.#clock = clock;
  }

  get hasBegun(): boolean {
    return this.#phase !== PHASE.SERVING;
  }

  get phase(): DrainPhase {
    return NAMES[this.#phase]!;
  }

  /** Whether answers through these doors say close. */
  isClosing(door: keyof Doors): boolean {
    return this.#phase >= (door === 'entry' ? PHASE.ENTRY : PHASE.EXIT);
  }

  /** Resolves when all is closed, with a way out not before `end`; false: some were cut off. */
  begin(): Promise<boolean> {
    this.#done ??= this.#run();
    return this.#done;
  }

  /** The same, and without waiting for an application that has gone. */
  end(): Promise<boolean> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#untilMs = this.#clock.nowMs() + limits.drainTimeoutMs;
      this.#ended.resolve();
    }
    return this.begin();
  }

  async #run(): Promise<boolean> {
    const { entry, exit } = this.#doors;
    this.#phase = PHASE.ENTRY;
    const isEntryClean = await this.#close(entry, limits.drainLagMsMax, limits.drainExitMs);
    this.#phase = PHASE.EXIT_OPEN;
    if (exit.length > 0) await this.#ended.promise;
    this.#phase = PHASE.EXIT;
    const isExitClean = await this.#close(exit, limits.drainExitLagMsMax, 0);
    this.#phase = PHASE.DONE;
    return isEntryClean && isExitClean;
  }

  /** `spareMs`: of the time that is left, for what is closed after these. */
  async #close(
    listeners: readonly Listener[],
    lagMsMax: number,
    spareMs: number,
  ): Promise<boolean> {
    if (listeners.length === 0) return true;
    await this.#newsTravels(listeners, lagMsMax);
    for (const listener of listeners) listener.stopAccepting();
    while (this.#clock.nowMs() < this.#untilMs - spareMs) {
      const quietMs = this.#isEnding ? limits.drainIdleMs : limits.drainPeerIdleMs;
      let left = 0;
      for (const { connections } of listeners) {
        for (const connection of connections) connection.closeIfIdle(quietMs, this.#isEnding);
        left += connections.size;
      }
      if (left === 0) return true;
      await sleep(CHECK_MS);
    }
    for (const { connections } of listeners) {
      for (const connection of connections) connection.stream.reset();
    }
    return false;
  }

  /**
   * Lets in who has not heard yet: where the application lives for as long as news takes to reach
   * who is no proxy of ours, and then until nobody new has come for the lag. Connections that the
   * kernel has taken and we have not are reset by closing, with the request that is on them.
   */
  async #newsTravels(listeners: readonly Listener[], lagMsMax: number): Promise<void> {
    const startedAtMs = this.#clock.nowMs();
    let accepted = -1;
    for (let atMs = startedAtMs, quietSinceMs = atMs; ; atMs = this.#clock.nowMs()) {
      const taken = listeners.reduce((sum, listener) => sum + listener.accepted, 0);
      if (taken !== accepted) quietSinceMs = atMs;
      accepted = taken;
      const openMs = atMs - startedAtMs - (this.#isEnding ? 0 : limits.drainNewsMs);
      if (openMs >= 0 && atMs - quietSinceMs >= limits.drainLagMs) break;
      if (openMs >= lagMsMax) break;
      await sleep(CHECK_MS);
    }
    // All that had come was taken in the poll phase just before.
    await checkPhase();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function checkPhase(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
