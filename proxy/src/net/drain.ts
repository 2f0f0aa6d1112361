/**
 * Ends the listeners without losing a request: first the way in, and once the application has no
 * more use for it the way out.
 *
 *   SERVING → ENTRY → EXIT_OPEN (while the application asks, and a grace) → EXIT → DONE
 *   a door closes: answers say close → nobody new comes → no more are taken → quiet ones close
 *
 * `begin` is for POST /drain, `end` for SIGTERM: then nobody is waited for who may have gone. Only
 * quiet connections are closed: behind a busy one's answer the client may be writing its next
 * request at this instant, and would lose it. Not pure: sleeps. Called by `proxy.ts`.
 */
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { Listener } from './listener.ts';

const CHECK_MS = 20;

const PHASE = { SERVING: 0, ENTRY: 1, EXIT_OPEN: 2, EXIT: 3, DONE: 4 } as const;

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
  #untilMs = Number.POSITIVE_INFINITY;
  #isEnding = false;
  #done: Promise<boolean> | null = null;
  /** When the application was last seen to use its way out. */
  #usedAtMs = 0;
  #accepted = 0;

  constructor(doors: Doors, clock: Clock) {
    this.#doors = doors;
    this.#clock = clock;
  }

  get hasBegun(): boolean {
    return this.#phase !== PHASE.SERVING;
  }

  /** Whether answers through these doors say close. */
  isClosing(door: keyof Doors): boolean {
    return this.#phase >= (door === 'entry' ? PHASE.ENTRY : PHASE.EXIT);
  }

  /** Resolves when no connection is left; false: some were cut off at the time-out. */
  begin(): Promise<boolean> {
    this.#done ??= this.#run();
    return this.#done;
  }

  /** The same, and without waiting for an application that has gone. */
  end(): Promise<boolean> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#untilMs = this.#clock.nowMs() + limits.drainTimeoutMs;
    }
    return this.begin();
  }

  async #run(): Promise<boolean> {
    const { entry, exit } = this.#doors;
    this.#phase = PHASE.ENTRY;
    this.#untilMs = Math.min(this.#untilMs, this.#clock.nowMs() + limits.drainTimeoutMs);
    const isEntryClean = await this.#close(entry, limits.drainLagMsMax, limits.drainExitMs);
    this.#phase = PHASE.EXIT_OPEN;
    this.#usedAtMs = this.#clock.nowMs();
    while (exit.length > 0 && !this.#isEnding && this.#isUsed(exit)) await sleep(CHECK_MS);
    this.#phase = PHASE.EXIT;
    if (!this.#isEnding) this.#untilMs = this.#clock.nowMs() + limits.drainTimeoutMs;
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
   * Lets in who has not heard yet, until nobody new has come for the lag: connections that the
   * kernel has taken and we have not are reset by closing, with the request that is on them.
   */
  async #newsTravels(listeners: readonly Listener[], lagMsMax: number): Promise<void> {
    const startedAtMs = this.#clock.nowMs();
    let accepted = -1;
    for (let atMs = startedAtMs, quietSinceMs = atMs; ; atMs = this.#clock.nowMs()) {
      const taken = listeners.reduce((sum, listener) => sum + listener.accepted, 0);
      if (taken !== accepted) quietSinceMs = atMs;
      accepted = taken;
      if (atMs - quietSinceMs >= limits.drainLagMs) break;
      if (atMs - startedAtMs >= lagMsMax) break;
      await sleep(CHECK_MS);
    }
    // All that had come was taken in the poll phase just before.
    await checkPhase();
  }

  /** Whether a request is under way, or one has been within the grace. */
  #isUsed(listeners: readonly Listener[]): boolean {
    const nowMs = this.#clock.nowMs();
    let accepted = 0;
    for (const listener of listeners) {
      accepted += listener.accepted;
      for (const connection of listener.connections) {
        this.#usedAtMs = Math.max(this.#usedAtMs, connection.usedAtMs);
      }
    }
    // One that came and went between two looks.
    if (accepted !== this.#accepted) this.#usedAtMs = nowMs;
    this.#accepted = accepted;
    return nowMs - this.#usedAtMs < limits.drainGraceMs;
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
