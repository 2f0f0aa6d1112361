/**
 * The load of a scenario, as a process of its own. Forked by the stage; orders: `load-order.ts`.
 *
 * Open loop: arrivals are a Poisson process drawn from the seed, a request is due when it is due
 * whatever became of earlier ones, and latency counts from then. Waves: clients that come back
 * together after a pause, for what happens to connections that were idle for exactly so long.
 */
import { arrivalTimes } from '../../../bench/load/arrival-times.ts';
import { answerOrders, sleepMs } from '../machine/orders.ts';
import { seededChance } from '../../../proxy/src/clock.ts';
import { Clients } from './clients.ts';
import type { LoadOrder, LoadReport, OpenLoopOrder, WavesOrder } from './load-order.ts';
import { Records } from './records.ts';

/** After the last deadline, everything has ended but for late timers. */
const STRAGGLERS_MS = 500;

async function openLoop(order: OpenLoopOrder): Promise<LoadReport> {
  const times = drawTimes(order);
  const random = seededChance(order.seed + 1);
  const records = new Records(times.length, order.startAtMs, order.firstKey);
  const clients = new Clients(order, records);
  for (const [at, dueMs] of times.entries()) {
    records.due(at, dueMs, random() < order.criticalShare);
  }
  let next = 0;
  while (next < times.length) {
    const nowMs = records.nowMs();
    while (next < times.length && times[next]! <= nowMs) {
      const at = next++;
      const port = order.ports[Math.floor(random() * order.ports.length)]!;
      const leftMs = times[at]! + order.deadlineMs - nowMs;
      clients.send(at, port, leftMs, records.isCritical(at));
    }
    if (next < times.length) await sleepMs(times[next]! - records.nowMs());
  }
  return await finish(records, clients, order.deadlineMs);
}

function drawTimes({ phases, seed }: OpenLoopOrder): Float64Array {
  let fromMs = 0;
  const all: number[] = [];
  for (const [at, { ratePerSecond, seconds }] of phases.entries()) {
    for (const dueMs of arrivalTimes(ratePerSecond, seconds, seed + at * 7919)) {
      all.push(fromMs + dueMs);
    }
    fromMs += seconds * 1000;
  }
  return Float64Array.from(all);
}

async function waves(order: WavesOrder): Promise<LoadReport> {
  const random = seededChance(order.seed);
  const records = new Records(order.waves * order.clients, order.startAtMs, order.firstKey);
  let left = 0;
  let onWaveOver = () => {};
  const onEnd = () => {
    if (--left === 0) onWaveOver();
  };
  const clients = new Clients({ ...order, onEnd }, records);
  await sleepMs(-records.nowMs());
  for (let wave = 0; wave < order.waves; wave++) {
    const over = Promise.withResolvers<void>();
    onWaveOver = over.resolve;
    left = order.clients;
    const dueMs = records.nowMs();
    for (let client = 0; client < order.clients; client++) {
      const at = wave * order.clients + client;
      const port = order.ports[client % order.ports.length]!;
      records.due(at, dueMs, false);
      clients.send(at, port, order.deadlineMs, false);
    }
    await over.promise;
    const [least, most] = order.gapMs;
    await sleepMs(least + random() * (most - least));
  }
  return await finish(records, clients, order.deadlineMs);
}

async function finish(records: Records, clients: Clients, deadlineMs: number): Promise<LoadReport> {
  const untilMs = performance.now() + deadlineMs + STRAGGLERS_MS;
  while (!records.isComplete && performance.now() < untilMs) await sleepMs(10);
  clients.close();
  if (!records.isComplete) throw new Error('requests that never ended');
  return records.report();
}

answerOrders<LoadOrder>(async (order) => {
  if (order.do === 'get-ready') return null;
  return order.do === 'open-loop' ? await openLoop(order) : await waves(order);
});
