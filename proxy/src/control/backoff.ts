/**
 * How long to wait before connecting again, anywhere below a bound that doubles, and for an answer.
 *
 * Full jitter, so that a thousand proxies do not come back in the same instant, and over a second
 * from the first try on: what drops one stream drops all of its replica's. A floor, so that a
 * control plane which accepts and closes at once is not asked in a tight loop.
 *
 * Pure: chance is handed in. Used by `subscription.ts`.
 */
import type { Chance } from '../clock.ts';
import * as limits from '../limits.ts';

const DOUBLINGS_MAX = 16;

/**
 * How long a stream may take to open after so many failures in a row. Given up too early by a
 * thousand proxies, handshakes are all that a control plane does, and none is ever finished.
 */
export function openTimeoutMs(failures: number): number {
  const doublings = Math.min(failures, DOUBLINGS_MAX);
  const first = limits.configConnectTimeoutMs;
  const max = limits.configConnectTimeoutMsMax;
  return Math.min(max, first * 2 ** doublings);
}

/** `failures` in a row, from 1. */
export function reconnectDelayMs(failures: number, chance: Chance): number {
  const min = limits.configReconnectMinMs;
  const max = limits.configReconnectMaxMs;
  const doublings = Math.min(failures - 1, DOUBLINGS_MAX);
  const bound = Math.min(max, limits.configReconnectFirstMs * 2 ** doublings);
  return min + chance() * (bound - min);
}
