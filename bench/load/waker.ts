/**
 * The generator's alarm clock: a worker that sleeps until each arrival and then wakes the sender.
 *
 * Why a thread: the event loop's own timers are good to a millisecond, so at 2,000/s requests
 * would leave in pairs, which flatters proxies that batch. Spinning until the instant was refused:
 * the origin shares this core. A sleeping `Atomics.wait` is good to about 0.1 ms.
 *
 * Started by `generator.ts`, which reports how late its requests were.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { WakerData } from './generator.ts';
import { WAKE_LEAD_MS } from './arrival-times.ts';

const { times, startNanos } = workerData as WakerData;
const never = new Int32Array(new SharedArrayBuffer(4));

for (const atMs of times) {
  const leftMs = atMs - WAKE_LEAD_MS - Number(process.hrtime.bigint() - startNanos) / 1e6;
  // Several arrivals due at once need one wake-up: the sender sends all that is due.
  if (leftMs <= 0) continue;
  Atomics.wait(never, 0, 0, leftMs);
  parentPort?.postMessage(0);
}
parentPort?.postMessage(0);
