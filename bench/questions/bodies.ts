/**
 * bodies: what does a byte of a body cost, and does a slow reader cost memory?
 *
 * 1 MiB on 10 connections and 1 GiB on 2, downloaded as fast as the other core can take it. The
 * slow reader takes 1 GiB at a hundredth of the pace that this proxy just reached, while private
 * memory is sampled: a proxy without backpressure would hold the difference.
 */
import { memoryOf } from '../machine/process-figures.ts';
import { envoy } from '../peers/envoy.ts';
import { haproxy } from '../peers/haproxy.ts';
import { nginx, startOrigin } from '../peers/nginx.ts';
import type { Running } from '../peers/peer.ts';
import { remora } from '../peers/remora.ts';
import { SHOP_PORTS, shopTable } from '../route-table.ts';
import { median, pairedRatios } from '../statistics.ts';
import {
  type Answer,
  type Bench,
  type Column,
  type Question,
  Rounds,
  startPeers,
  targetOf,
} from './question.ts';

const SIZES = [
  { path: '/1m', connections: 10, key: '1MiB' },
  { path: '/1g', connections: 2, key: '1GiB' },
] as const;
const SLOWER_BY = 100;
const SLOW_SECONDS = { quick: 4, full: 30 };
const SAMPLE_MS = 100;
const MIB = 1024 * 1024;

const COLUMNS: readonly Column[] = [
  { key: 'cpuUsPerMib1MiB', title: 'CPU µs/MiB, 1 MiB bodies', plotted: true },
  { key: 'mibPerSecond1MiB', title: 'MiB/s, 1 MiB bodies', plotted: false },
  { key: 'cpuUsPerMib1GiB', title: 'CPU µs/MiB, 1 GiB bodies', plotted: true },
  { key: 'mibPerSecond1GiB', title: 'MiB/s, 1 GiB bodies', plotted: false },
  { key: 'slowGrowthMb', title: 'growth with a slow reader, MB', plotted: true },
];

export const bodies: Question = {
  name: 'bodies',
  asks: 'What does a byte of a large body cost, and what does a slow reader cost in memory?',

  async run(bench: Bench): Promise<Answer> {
    const notes: string[] = [];
    const { firstPort } = await startOrigin(bench.place, SHOP_PORTS);
    const side = bench.scale.quick ? [] : [haproxy('full'), nginx('full')];
    const peers = [remora(), envoy('full'), ...side];
    const running = await startPeers(bench, peers, shopTable(firstPort), notes);
    const rounds = new Rounds(bench, notes);
    for (const one of running) await download(bench, one, SIZES[0]); // Cold code is not counted.
    for (const size of SIZES) {
      await rounds.alternate(running, bench.scale.roundsBesideHop, (one) =>
        download(bench, one, size),
      );
    }
    await rounds.alternate(running, 1, (one) => readSlowly(bench, rounds, one));
    const ratio = (key: string) =>
      orNull(median(pairedRatios(rounds.named('Remora', key), rounds.named('Envoy', key))));
    return {
      columns: COLUMNS,
      rows: running.map((one) => rounds.row(one, COLUMNS)),
      figures: {
        cpuPerByteRatioEnvoy1MiB: ratio('cpuUsPerMib1MiB'),
        cpuPerByteRatioEnvoy1GiB: ratio('cpuUsPerMib1GiB'),
        slowReaderGrowthMb: orNull(median(rounds.named('Remora', 'slowGrowthMb'))),
        failedBodies: sumOrNull(rounds.named('Remora', 'failed')),
      },
      notes,
    };
  },
};

async function download(
  bench: Bench,
  running: Running,
  size: (typeof SIZES)[number],
): Promise<Readonly<Record<string, number>>> {
  const seconds = bench.scale.saturationSeconds;
  const load = { connections: size.connections, seconds, bytesPerSecond: 0 };
  const got = await bench.driver.download(targetOf(running, size.path), load);
  const cpuUsPerMib = (got.cpuNsPerByte * MIB) / 1000;
  bench.say(`${size.key}: ${running.name} ${cpuUsPerMib.toFixed(0)} µs/MiB`);
  return {
    [`cpuUsPerMib${size.key}`]: cpuUsPerMib,
    [`mibPerSecond${size.key}`]: got.bytes / MIB / got.seconds,
    failed: got.failed,
  };
}

async function readSlowly(
  bench: Bench,
  rounds: Rounds,
  running: Running,
): Promise<Readonly<Record<string, number>>> {
  const pace = median(rounds.series(running, 'mibPerSecond1GiB')) * MIB;
  const seconds = bench.scale.quick ? SLOW_SECONDS.quick : SLOW_SECONDS.full;
  const before = memoryOf(running.pid)?.privateMb ?? Number.NaN;
  let highest = before;
  const sampler = setInterval(() => {
    highest = Math.max(highest, memoryOf(running.pid)?.privateMb ?? 0);
  }, SAMPLE_MS);
  try {
    const load = { connections: 1, seconds, bytesPerSecond: pace / SLOWER_BY };
    const got = await bench.driver.download(targetOf(running, '/1g'), load);
    const growth = highest - before;
    bench.say(`slow reader: ${running.name} grew by ${growth.toFixed(1)} MB`);
    return { slowGrowthMb: growth, failed: got.failed };
  } finally {
    clearInterval(sampler);
  }
}

function sumOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
