/**
 * table: does a large route table cost anything on the path, or when it is swapped?
 *
 * 1,000 rules and 1,000 endpoints against a table of 4 rules; traffic to one rule of 4 endpoints in
 * both, so that only the table differs. Then traffic over all 1,000 (reported: 1,000 endpoints mean
 * colder connections too). Then the whole table is replaced once a second at 1,000 requests/s, and
 * answers due around a swap are compared with those of the calm half second after it; and once
 * more, with the turns of the proxy's loop measured from inside.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratorReport } from '../load/generator.ts';
import { envoy } from '../peers/envoy.ts';
import { startOrigin } from '../peers/nginx.ts';
import type { Peer, Running } from '../peers/peer.ts';
import { type RemoraOptions, remora } from '../peers/remora.ts';
import { destinationsOf } from '../remora-config.ts';
import { type RouteTable, wideTable } from '../route-table.ts';
import { median, pairedRatios, round3 } from '../statistics.ts';
import {
  type Answer,
  type Bench,
  type Column,
  type Question,
  Rounds,
  reasonOf,
  startPeers,
  targetOf,
} from './question.ts';
import { SnapshotFeeder } from './snapshot-feeder.ts';
import { longestTurns, stallsAround, type Stalls } from './stalls.ts';

const ROUTES = 1_000;
const ENDPOINTS = 1_000;
const SMALL = { routes: 4, endpoints: 16, path: '/r2/items' };
const WIDE_PATH = '/r500/items';
const CONNECTIONS = 50;
const SWAP_RATE_PER_SECOND = 1_000;
const SWAP_EVERY_MS = 1_000;
const SWAP_SECONDS = { quick: 4, full: 30 };
/**
 * While turns of the loop are measured: a turn answers all that has come meanwhile, and behind a
 * pause of the machine's own that is as many as there are connections.
 */
const METERED_CONNECTIONS = 4;
/** The generator's own warm-up is over by then. */
const FIRST_SWAP_MS = 1_500;

const COLUMNS: readonly Column[] = [
  { key: 'cpuUs', title: 'CPU µs/request, one route', plotted: true },
  { key: 'p99Us', title: 'p99 µs, one route', plotted: false },
  { key: 'spreadCpuUs', title: 'CPU µs/request, over all routes', plotted: true },
];

export const table: Question = {
  name: 'table',
  asks: 'Does a table of 1,000 routes and 1,000 endpoints cost anything, or stall when swapped?',

  async run(bench: Bench): Promise<Answer> {
    const notes: string[] = [];
    const { firstPort } = await startOrigin(bench.place, ENDPOINTS);
    const small = wideTable(firstPort, SMALL.routes, SMALL.endpoints);
    const wide = wideTable(firstPort, ROUTES, ENDPOINTS);
    const peers = [remora(), ...(bench.scale.quick ? [] : [envoy('full')])];
    const smalls = await startNamed(bench, peers, small, 'small table', notes);
    const wides = await startNamed(bench, peers, wide, '1,000 routes', notes);
    const rounds = new Rounds(bench, notes);
    const all = [...smalls, ...wides].toSorted((a, b) => (a.name < b.name ? 1 : -1));
    for (const running of all) {
      const path = wides.includes(running) ? WIDE_PATH : SMALL.path;
      await warm(bench, running, path);
    }
    await rounds.alternate(all, bench.scale.roundsBesideHop, (running) => {
      return saturate(bench, running, wides.includes(running) ? WIDE_PATH : SMALL.path);
    });
    const spreadRounds = bench.scale.quick ? 1 : bench.scale.sideRounds;
    await rounds.alternate(wides, spreadRounds, (running) => spread(bench, running));
    const stalls = await swapUnderLoad(bench, firstPort, notes);
    const turnMs = await longestTurn(bench, firstPort, notes);
    const of = (size: string) => rounds.named(`Remora, ${size}`, 'cpuUs');
    return {
      columns: COLUMNS,
      rows: all.map((running) => rounds.row(running, COLUMNS)),
      figures: {
        cpuRatioWide: orNull(median(pairedRatios(of('1,000 routes'), of('small table')))),
        swapStallMs: turnMs,
        swapAnswerMaxMs: stalls?.swapMaxMs ?? null,
        swapAnswerMedianMs: stalls?.swapMedianMs ?? null,
        swapCalmMaxMs: stalls?.calmMaxMs ?? null,
      },
      notes,
    };
  },
};

async function startNamed(
  bench: Bench,
  peers: readonly Peer[],
  routes: RouteTable,
  size: string,
  notes: string[],
): Promise<readonly Running[]> {
  const running = await startPeers(bench, peers, routes, notes);
  return running.map((one) => ({ ...one, name: `${one.name}, ${size}` }));
}

async function warm(bench: Bench, running: Running, path: string): Promise<void> {
  const load = { connections: CONNECTIONS, seconds: bench.scale.warmSeconds };
  await bench.driver.saturate(targetOf(running, path), load);
}

async function saturate(bench: Bench, running: Running, path: string) {
  const load = { connections: CONNECTIONS, seconds: bench.scale.saturationSeconds };
  const { cpuUs, p99Us } = await bench.driver.saturate(targetOf(running, path), load);
  bench.say(`one route: ${running.name} ${cpuUs.toFixed(1)} µs`);
  return { cpuUs, p99Us };
}

async function spread(bench: Bench, running: Running) {
  const load = { connections: CONNECTIONS, seconds: bench.scale.saturationSeconds, paths: ROUTES };
  const { cpuUs } = await bench.driver.saturate(targetOf(running, WIDE_PATH), load);
  bench.say(`all routes: ${running.name} ${cpuUs.toFixed(1)} µs`);
  return { spreadCpuUs: cpuUs };
}

/** As clients see it, the machine's own pauses included. */
async function swapUnderLoad(
  bench: Bench,
  firstPort: number,
  notes: string[],
): Promise<Stalls | null> {
  const load = { connections: CONNECTIONS, options: {} };
  return await swapping(bench, firstPort, notes, load, (feeder, report) => {
    return readStalls(feeder, report, notes);
  });
}

/** The longest turn of the loop around a swap, in CPU time: what the proxy itself holds up. */
async function longestTurn(
  bench: Bench,
  firstPort: number,
  notes: string[],
): Promise<number | null> {
  const file = join(mkdtempSync(join(bench.place.folder, 'turns-')), 'turns.jsonl');
  const meter = new URL('./turn-meter.ts', import.meta.url).href;
  const options: RemoraOptions = {
    nodeFlags: ['--import', meter],
    environment: { REMORA_BENCH_TURNS: file },
  };
  const load = { connections: METERED_CONNECTIONS, options };
  return await swapping(bench, firstPort, notes, load, (feeder) => {
    const swapsAtMs = feeder.swaps.map((swap) => swap.sentAtMs);
    const { aroundMs, calmMs } = longestTurns(readFileSync(file, 'utf8'), swapsAtMs);
    if (aroundMs === null || feeder.swaps.every((swap) => swap.appliedAfterMs === null)) {
      notes.push('no swap came into force while turns of the loop were measured');
      return null;
    }
    notes.push(
      `longest turn of the loop in CPU time: ${round3(aroundMs)} ms around a swap, ` +
        `${round3(calmMs)} ms in the calm between`,
    );
    return aroundMs;
  });
}

/** Swaps the table once a second under load. Null when it failed; the notes say why. */
async function swapping<T>(
  bench: Bench,
  firstPort: number,
  notes: string[],
  { connections, options }: { readonly connections: number; readonly options: RemoraOptions },
  read: (feeder: SnapshotFeeder, report: GeneratorReport) => T,
): Promise<T | null> {
  const tables = [0, 1].map((shift) => wideTable(firstPort, ROUTES, ENDPOINTS, shift));
  const configs = tables.map((one) => destinationsOf(one)[0]!);
  const feeder = new SnapshotFeeder(configs);
  let turn = 0;
  const swap = () => feeder.swap(++turn % 2, `swap-${turn}`);
  const timers: NodeJS.Timeout[] = [];
  try {
    const peer = remora({ ...options, control: await feeder.listen() });
    const running = await peer.start(bench.place, tables[0]!);
    timers.push(setTimeout(() => timers.push(setInterval(swap, SWAP_EVERY_MS)), FIRST_SWAP_MS));
    const seconds = bench.scale.quick ? SWAP_SECONDS.quick : SWAP_SECONDS.full;
    const rate = { ratePerSecond: SWAP_RATE_PER_SECOND, connections, seconds };
    const report = await bench.driver.pace(targetOf(running, WIDE_PATH), { ...rate, seed: 1 });
    return read(feeder, report);
  } catch (error) {
    notes.push(`swapping was not measured: ${reasonOf(error)}`);
    return null;
  } finally {
    for (const timer of timers) clearInterval(timer);
    feeder.close();
  }
}

function readStalls(
  feeder: SnapshotFeeder,
  report: GeneratorReport,
  notes: string[],
): Stalls | null {
  const applied = feeder.swaps.flatMap((swap) => swap.appliedAfterMs ?? []);
  const refused = [...new Set(feeder.refusals)].map((reason) => `; refused: ${reason}`).join('');
  notes.push(
    `${applied.length} of ${feeder.swaps.length} swaps applied, after ` +
      `${Math.round(median(applied))} ms (median); ${report.failed} of ` +
      `${report.answered + report.failed} requests failed${refused}`,
  );
  if (applied.length === 0) return null;
  const stalls = stallsAround(
    report,
    feeder.swaps.map((swap) => swap.sentAtMs),
  );
  notes.push(
    `slowest answer: ${round3(stalls.swapMaxMs)} ms around a swap (median of the swaps: ` +
      `${round3(stalls.swapMedianMs)} ms), ${round3(stalls.calmMaxMs)} ms in the calm between`,
  );
  return stalls;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
