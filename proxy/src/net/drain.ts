/**
 * Ends a listener without losing a request: what is under way ends, what comes is still served for
 * a moment, and idle connections close last.
 *
 *   draining (answers say close) → lag → accept no more → idle ones close → none left, or time-out
 *
 * Only connections that were quiet for a while are closed: behind a busy one's answer the client
 * may be writing its next request at this very instant, and would lose it.
 *
 * Called by `proxy.ts` on SIGTERM and on POST /drain.
 */
import { limits } from '../limits.ts';
import type { Clock } from '../clock.ts';
import type { Listener } from './listener.ts';

const CHECK_MS = 20;

/** Resolves when no connection is left; false: some were cut off at the time-out. */
export async function drain(listeners: readonly Listener[], clock: Clock): Promise<boolean> {
  const startedAtMs = clock.nowMs();
  await sleep(limits.drainLagMs);
  for (const listener of listeners) listener.stopAccepting();
  for (;;) {
    const passedMs = clock.nowMs() - startedAtMs;
    let left = 0;
    for (const listener of listeners) {
      for (const connection of listener.connections) {
        connection.closeIfIdle(limits.drainIdleMs);
      }
      left += listener.connections.size;
    }
    if (left === 0) return true;
    if (passedMs > limits.drainTimeoutMs) break;
    await sleep(CHECK_MS);
  }
  for (const listener of listeners) {
    for (const connection of listener.connections) connection.stream.reset();
  }
  return false;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
