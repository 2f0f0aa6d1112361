/**
 * Windows of a tap that overlap, put together: every request once, in the order in which they
 * ended.
 *
 *   window 1 ├──────────┤
 *   window 2         ├──────────┤      what ends in both is shown with the first
 *
 * Pure but for what it remembers: the requests of the last few windows.
 *
 * Called by the verb `tap`. Tests: `tap-windows.test.ts`.
 */
import type { RequestRecord } from '@remora/api/request-record.ts';

/** A request is in at most as many windows as overlap at one moment. */
const WINDOWS_REMEMBERED = 3;

export class TapWindows {
  #seen: readonly ReadonlySet<string>[] = [];

  /** Those of one window that were not shown before. */
  fresh(records: readonly RequestRecord[]): RequestRecord[] {
    const keys = new Set<string>();
    const fresh = records.filter((record) => {
      const key = `${record.proxy.name} ${record.spanId} ${record.startedAt} ${record.requestId}`;
      const isKnown = keys.has(key) || this.#seen.some((window) => window.has(key));
      keys.add(key);
      return !isKnown;
    });
    // One without requests says nothing of those before it.
    if (keys.size > 0) this.#seen = [keys, ...this.#seen].slice(0, WINDOWS_REMEMBERED);
    return fresh.sort((a, b) => endOf(a) - endOf(b));
  }
}

function endOf({ startedAt, durationMs }: RequestRecord): number {
  return startedAt + durationMs;
}
