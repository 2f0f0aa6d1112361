/**
 * memory: what does a sidecar cost a node, loaded and idle, and how soon is it ready?
 *
 * Private memory is what counts, because a node's sidecars share the rest; resident is shown since
 * it is what people look at. Idle is a fresh process with the shop's configuration and no traffic.
 */
import { cpuNanosOf, memoryOf, wakeUpsOf } from '../machine/process-figures.ts';
import { envoy } from '../peers/envoy.ts';
import { haproxy } from '../peers/haproxy.ts';
import { nginx, startOrigin } from '../peers/nginx.ts';
import type { Running } from '../peers/peer.ts';
import { remora } from '../peers/remora.ts';
import { SHOP_PORTS, shopTable } from '../route-table.ts';
import { median, pairedRatios } from '../statistics.ts';
import { measureStarts } from './hop.ts';
import {
  type Answer,
  type Bench,
  type Column,
  type Question,
  Rounds,
  startPeers,
  targetOf,
} from './question.ts';

const CONNECTIONS = 50;
/** What start-up leaves behind is given this long to be collected or compiled. */
const SETTLE_MS = { quick: 1_000, full: 10_000 };

const COLUMNS: readonly Column[] = [
  { key: 'privateMb', title: 'private MB, loaded', plotted: true },
  { key: 'residentMb', title: 'resident MB, loaded', plotted: true },
  { key: 'idlePrivateMb', title: 'private MB, idle', plotted: true },
  { key: 'idleResidentMb', title: 'resident MB, idle', plotted: false },
  { key: 'idleCpuPercent', title: 'idle CPU %', plotted: false },
  { key: 'idleWakeUps', title: 'idle wake-ups/s', plotted: true },
];

export const memory: Question = {
  name: 'memory',
  asks: 'What does a sidecar hold, loaded and idle, and how soon is it ready?',

  async run(bench: Bench): Promise<Answer> {
    const notes: string[] = [];
    const { firstPort } = await startOrigin(bench.place, SHOP_PORTS);
    const table = shopTable(firstPort);
    const peers = [remora(), envoy('full'), haproxy('full'), nginx('full')];
    const running = await startPeers(bench, peers, table, notes);
    const rounds = new Rounds(bench, notes);
    await measureIdle(bench, rounds, running);
    await rounds.alternate(running, 1, (one) => measureLoaded(bench, one));
    const startMs = await measureStarts(bench, table, notes);
    const of = (name: string, key: string) => orNull(median(rounds.named(name, key)));
    const ratio = pairedRatios(
      rounds.named('Remora', 'privateMb'),
      rounds.named('Envoy', 'privateMb'),
    );
    return {
      columns: COLUMNS,
      rows: running.map((one) => rounds.row(one, COLUMNS)),
      figures: {
        privateRatioEnvoy: orNull(median(ratio)),
        privateMb: of('Remora', 'privateMb'),
        rssMb: of('Remora', 'residentMb'),
        idleRssMb: of('Remora', 'idleResidentMb'),
        idleCpuPercent: of('Remora', 'idleCpuPercent'),
        idleWakeUpsPerSecond: of('Remora', 'idleWakeUps'),
        startMs,
      },
      notes,
    };
  },
};

/** All at once: an idle process does not disturb another. */
async function measureIdle(bench: Bench, rounds: Rounds, peers: readonly Running[]): Promise<void> {
  await sleep(bench.scale.quick ? SETTLE_MS.quick : SETTLE_MS.full);
  const readAll = () => peers.map(({ pid }) => ({ cpu: cpuNanosOf(pid), wakeUps: wakeUpsOf(pid) }));
  const before = readAll();
  const startedAtMs = performance.now();
  await sleep(bench.scale.idleSeconds * 1000);
  const after = readAll();
  const seconds = (performance.now() - startedAtMs) / 1000;
  peers.forEach((running, at) => {
    const cpu = (after[at]?.cpu ?? Number.NaN) - (before[at]?.cpu ?? Number.NaN);
    const wakeUps = (after[at]?.wakeUps ?? Number.NaN) - (before[at]?.wakeUps ?? Number.NaN);
    const held = memoryOf(running.pid);
    rounds.series(running, 'idleCpuPercent').push((cpu / 1e9 / seconds) * 100);
    rounds.series(running, 'idleWakeUps').push(wakeUps / seconds);
    rounds.series(running, 'idlePrivateMb').push(held?.privateMb ?? Number.NaN);
    rounds.series(running, 'idleResidentMb').push(held?.residentMb ?? Number.NaN);
    bench.say(`idle: ${running.name} ${(wakeUps / seconds).toFixed(1)} wake-ups/s`);
  });
}

async function measureLoaded(
  bench: Bench,
  running: Running,
): Promise<Readonly<Record<string, number>>> {
  const load = { connections: CONNECTIONS, seconds: bench.scale.loadedSeconds };
  await bench.driver.saturate(targetOf(running), load);
  const held = memoryOf(running.pid);
  if (held === null) throw new Error('no memory figures on this system');
  bench.say(`loaded: ${running.name} ${held.privateMb.toFixed(1)} MB private`);
  return { privateMb: held.privateMb, residentMb: held.residentMb };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
