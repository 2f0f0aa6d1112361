/**
 * hop: what does one plaintext hop cost, beside other proxies doing the same work?
 *
 * 50 connections, a 250-byte answer, the shop's route table: once at saturation (closed loop, wrk)
 * and at fixed rates (open loop, Poisson). Every proxy runs all the time on one core and only one
 * is loaded at a time. Memory is read after the last round, start-up on fresh processes.
 */
import { memoryOf } from '../machine/process-figures.ts';
import { envoy } from '../peers/envoy.ts';
import { haproxy } from '../peers/haproxy.ts';
import { nginx, startOrigin } from '../peers/nginx.ts';
import { nodePeers } from '../peers/node-peer.ts';
import type { Running } from '../peers/peer.ts';
import { measureStart, remora } from '../peers/remora.ts';
import { type RouteTable, SHOP_PORTS, shopTable } from '../route-table.ts';
import { median, pairedRatios } from '../statistics.ts';
import { profileHop } from './profile.ts';
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

const CONNECTIONS = 50;
const MAIN = [remora(), envoy('full'), haproxy('full')];
const SIDE = [nginx('full'), envoy('minimal'), haproxy('minimal'), nginx('minimal'), ...nodePeers];

export const hop: Question = {
  name: 'hop',
  asks: 'What does one HTTP/1.1 hop cost: 50 connections, a 250-byte answer?',

  async run(bench: Bench): Promise<Answer> {
    const notes: string[] = [];
    const { firstPort } = await startOrigin(bench.place, SHOP_PORTS);
    const table = shopTable(firstPort);
    const main = await startPeers(bench, MAIN, table, notes);
    const side = await startPeers(bench, SIDE, table, notes);
    const rounds = new Rounds(bench, notes);
    await warm(bench, [...main, ...side, ...main]); // The measured ones twice.
    await measurePaced(bench, rounds, main, side);
    await measureSaturated(bench, rounds, main, side);
    readMemory(rounds, [...main, ...side]);
    const startMs = await measureStarts(bench, table, notes);
    const columns = columnsFor(bench.scale.ratesPerSecond);
    const figures = { ...figuresOf(rounds, bench.scale.ratesPerSecond), startMs };
    const isProfiled = bench.profile || !bench.scale.quick;
    const wantsProfile = isProfiled && main[0]?.name === 'Remora';
    return {
      columns,
      rows: [...main, ...side].map((running) => rounds.row(running, columns)),
      figures,
      notes: [...notes, ...latenessNotes(rounds, bench.scale.ratesPerSecond)],
      ...(wantsProfile ? { profile: await profileHop(bench, table) } : {}),
    };
  },
};

async function warm(bench: Bench, peers: readonly Running[]): Promise<void> {
  for (const running of peers) {
    const seconds = bench.scale.warmSeconds;
    await bench.driver.saturate(targetOf(running), { connections: CONNECTIONS, seconds });
  }
}

async function measureSaturated(
  bench: Bench,
  rounds: Rounds,
  main: readonly Running[],
  side: readonly Running[],
): Promise<void> {
  const measure = async (running: Running, round: number) => {
    const load = { connections: CONNECTIONS, seconds: bench.scale.saturationSeconds };
    const got = await bench.driver.saturate(targetOf(running), load);
    bench.say(
      `saturation ${round}: ${running.name} (${running.flavor}) ${got.cpuUs.toFixed(1)} µs`,
    );
    const { cpuUs, perCore, p50Us, p99Us, failed } = got;
    return { cpuUs, perCore, p50Us, p99Us, failed };
  };
  await rounds.alternate(main, bench.scale.rounds, measure);
  await rounds.alternate(side, bench.scale.sideRounds, measure);
}

async function measurePaced(
  bench: Bench,
  rounds: Rounds,
  main: readonly Running[],
  side: readonly Running[],
): Promise<void> {
  const { quick, pacedSeconds, ratesPerSecond } = bench.scale;
  for (const rate of ratesPerSecond) {
    const measure = async (running: Running, round: number) => {
      const load = { ratePerSecond: rate, connections: CONNECTIONS, seconds: pacedSeconds };
      const got = await bench.driver.pace(targetOf(running), { ...load, seed: round + 1 });
      bench.say(
        `${rate}/s ${round}: ${running.name} (${running.flavor}) ${got.cpuUs.toFixed(1)} µs, ` +
          `p99 ${got.p99Us} µs`,
      );
      return {
        [`cpuUs${rate}`]: got.cpuUs,
        [`p50Us${rate}`]: got.p50Us,
        [`p99Us${rate}`]: got.p99Us,
        [`lateP99Us${rate}`]: got.lateP99Us,
        [`failed${rate}`]: got.failed,
      };
    };
    await rounds.alternate(main, bench.scale.rounds, measure);
    if (!quick) await rounds.alternate(side, bench.scale.sideRounds, measure);
  }
}

function readMemory(rounds: Rounds, peers: readonly Running[]): void {
  for (const running of peers) {
    const memory = memoryOf(running.pid);
    if (memory === null) continue;
    rounds.series(running, 'privateMb').push(memory.privateMb);
    rounds.series(running, 'residentMb').push(memory.residentMb);
  }
}

/** Milliseconds to `/ready`, the median of some starts; null when Remora does not start. */
export async function measureStarts(
  bench: Bench,
  table: RouteTable,
  notes: string[],
): Promise<number | null> {
  const starts: number[] = [];
  try {
    for (let at = 0; at < bench.scale.starts; at++) {
      starts.push(await measureStart(bench.place, table));
    }
  } catch (error) {
    notes.push(`start-up was not measured: ${reasonOf(error)}`);
  }
  return starts.length === 0 ? null : median(starts);
}

function figuresOf(rounds: Rounds, rates: readonly number[]): Record<string, number | null> {
  const ratio = (key: string, peer: string) =>
    orNull(median(pairedRatios(rounds.named('Remora', key), rounds.named(peer, key))));
  const failed = ['failed', ...rates.map((rate) => `failed${rate}`)]
    .flatMap((key) => rounds.named('Remora', key))
    .reduce((sum, count) => sum + count, 0);
  const figures: Record<string, number | null> = {
    cpuRatioEnvoy: ratio('cpuUs', 'Envoy'),
    cpuRatioHaproxy: ratio('cpuUs', 'HAProxy'),
    p99RatioEnvoy: ratio('p99Us2000', 'Envoy'),
    privateRatioEnvoy: ratio('privateMb', 'Envoy'),
    privateMb: orNull(median(rounds.named('Remora', 'privateMb'))),
    rssMb: orNull(median(rounds.named('Remora', 'residentMb'))),
    failedRequests: rounds.named('Remora', 'cpuUs').length > 0 ? failed : null,
  };
  for (const rate of rates) figures[`cpuRatioEnvoy${rate}`] = ratio(`cpuUs${rate}`, 'Envoy');
  return figures;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A generator that is late measures itself: this is how late it was. */
function latenessNotes(rounds: Rounds, rates: readonly number[]): readonly string[] {
  return rates.flatMap((rate) => {
    const late = ['Remora', 'Envoy'].flatMap((name) => rounds.named(name, `lateP99Us${rate}`));
    if (late.length === 0) return [];
    return [
      `at ${rate}/s the generator wrote 99% of requests within ${median(late)} µs of the time`,
    ];
  });
}

function columnsFor(rates: readonly number[]): readonly Column[] {
  return [
    { key: 'cpuUs', title: 'CPU µs/request, saturated', plotted: true },
    { key: 'perCore', title: 'requests/s per core', plotted: false },
    { key: 'p50Us', title: 'p50 µs, saturated', plotted: false },
    { key: 'p99Us', title: 'p99 µs, saturated', plotted: false },
    ...rates.flatMap((rate) => [
      { key: `cpuUs${rate}`, title: `CPU µs/request at ${rate}/s`, plotted: true },
      { key: `p50Us${rate}`, title: `p50 µs at ${rate}/s`, plotted: false },
      { key: `p99Us${rate}`, title: `p99 µs at ${rate}/s`, plotted: true },
    ]),
    { key: 'privateMb', title: 'private MB', plotted: true },
    { key: 'residentMb', title: 'resident MB', plotted: false },
  ];
}
