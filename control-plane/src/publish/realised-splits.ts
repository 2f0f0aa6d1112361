/**
 * How requests of each rule were really split, as the proxies report it: over the window before
 * this one and what there is of this one, so that a change of weights shows within a window.
 *
 * A proxy reports once a heartbeat, so a window is longer than that; a rule without requests in two
 * windows has no realised split, instead of an old one.
 *
 * Pure but for the time that is handed in. Owned by `core.ts`; fed by `config-server.ts`.
 */
import type { SplitReport } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';

type Counts = Map<string, number>;

export class RealisedSplits {
  #since = 0;
  #before = new Map<string, Counts>();
  #now = new Map<string, Counts>();

  hear(reports: readonly SplitReport[], nowMs = performance.now()): void {
    this.#turn(nowMs);
    for (const { destination, rule, backends } of reports) {
      const key = splitKey(destination, rule);
      let counts = this.#now.get(key);
      if (counts === undefined) {
        if (this.#now.size >= limits.splitsMax) continue;
        counts = new Map();
        this.#now.set(key, counts);
      }
      for (const [backend, more] of Object.entries(backends)) {
        counts.set(backend, (counts.get(backend) ?? 0) + more);
      }
    }
  }

  /** Requests by backend; empty: there were none lately. */
  of(destination: string, rule: string, nowMs = performance.now()): ReadonlyMap<string, number> {
    this.#turn(nowMs);
    const key = splitKey(destination, rule);
    const sum: Counts = new Map(this.#before.get(key));
    for (const [backend, more] of this.#now.get(key) ?? []) {
      sum.set(backend, (sum.get(backend) ?? 0) + more);
    }
    return sum;
  }

  #turn(nowMs: number): void {
    const windows = Math.floor((nowMs - this.#since) / limits.splitWindowMs);
    if (windows < 1) return;
    this.#before = windows === 1 ? this.#now : new Map();
    this.#now = new Map();
    this.#since = windows === 1 ? this.#since + limits.splitWindowMs : nowMs;
  }
}

export function splitKey(destination: string, rule: string): string {
  return `${destination} ${rule}`;
}
