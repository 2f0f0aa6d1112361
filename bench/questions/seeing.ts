/**
 * seeing: what do records, spans and access logs cost, beside the same proxy that makes none?
 *
 * The notes on every request can't be switched off, so the quiet one has them too; it leaves no
 * record, since nothing is sampled, fails or is slow. The sampled one sends its spans to a
 * collector that takes them: the origin, which answers 200 to whatever it is sent.
 *
 * The bars are a few hundredths, and two processes that do the same differ by 1.5%. So sampling is
 * switched on and off within one process, a second each (`switched-tracing.ts`). A log can't be:
 * that proxy runs side by side with a quiet one, on one core. All start anew several times. Both
 * ways measure a twin too, which does as the quiet one does: what it costs is what they can't tell.
 */
import type { TracingConfig } from '@remora/api/wire-resilience.ts';
import { startOrigin } from '../peers/nginx.ts';
import type { Peer, Running } from '../peers/peer.ts';
import { remora } from '../peers/remora.ts';
import { type RouteTable, SHOP_PORTS, shopTable } from '../route-table.ts';
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
import { SwitchedTracing } from './switched-tracing.ts';

const CONNECTIONS = 50;
const QUIET = 'Remora, no records';
const AGAIN = 'Remora, no records, once more';
const LOGGED = 'Remora, all in the access log';
const SLICE_SECONDS = 3;

const KEPT = 'Remora, 1% kept for explain';
const SAMPLED = 'Remora, 1% sent as spans';
const ITSELF = 'Remora, told the same';
const RATIO = 0.01;
const OFF = ', switched off';
const ON = ', switched on';
const SWITCHED = [ITSELF, KEPT, SAMPLED].flatMap((name) => [name + OFF, name + ON]);
const NAMES = [QUIET, AGAIN, LOGGED, ...SWITCHED];
/** What disturbs the machine lasts longer than that, and so disturbs both. */
const SWITCHED_SECONDS = 1;
/** Thousands of records, so that what makes them is optimized as in one that runs for days. */
const SWITCHED_WARM_SECONDS = { quick: 1, full: 8 };
/** Slow requests would leave records of their own: here nothing is slow. */
const NEVER_SLOW = ['--slow', '3600000'];

const COLUMNS: readonly Column[] = [
  { key: 'cpuUs', title: 'CPU µs/request', plotted: true },
  { key: 'perCore', title: 'requests/s per core', plotted: false },
];

export const seeing: Question = {
  name: 'seeing',
  asks: 'What do records, spans and a full access log cost?',

  async run(bench: Bench): Promise<Answer> {
    const notes: string[] = [];
    const { firstPort } = await startOrigin(bench.place, SHOP_PORTS);
    const table = shopTable(firstPort);
    const rounds = new Rounds(bench, notes);
    for (let life = 0; life < bench.scale.lives; life++) {
      await measureLog(bench, rounds, { table, notes, life });
      await measureTracing(bench, rounds, table, firstPort);
    }
    const ratio = (name: string, quiet: string) => {
      const over = rounds.named(name, 'cpuUs');
      const value = median(pairedRatios(over, rounds.named(quiet, 'cpuUs')));
      return Number.isFinite(value) ? value : null;
    };
    return {
      columns: COLUMNS,
      rows: NAMES.map((name) => rounds.row({ name, flavor: 'full' }, COLUMNS)),
      figures: {
        cpuRatioItself: ratio(ITSELF + ON, ITSELF + OFF),
        cpuRatioExplain: ratio(KEPT + ON, KEPT + OFF),
        cpuRatioSampled: ratio(SAMPLED + ON, SAMPLED + OFF),
        cpuRatioItselfBeside: ratio(AGAIN, QUIET),
        cpuRatioAccessLog: ratio(LOGGED, QUIET),
      },
      notes,
    };
  },
};

/** Side by side. */
async function measureLog(
  bench: Bench,
  rounds: Rounds,
  { table, notes, life }: { table: RouteTable; notes: string[]; life: number },
): Promise<void> {
  const peers = [
    peer(QUIET, '--sample', '0'),
    peer(AGAIN, '--sample', '0'),
    peer(LOGGED, '--sample', '0', '--access-log', 'all'),
  ];
  const turn = life % peers.length;
  const inTurn = [...peers.slice(turn), ...peers.slice(0, turn)];
  const running = await startPeers(bench, inTurn, table, notes);
  for (const one of running) await load(bench, one, bench.scale.warmSeconds);
  await rounds.sideBySide(running, bench.scale.slices, (one) => load(bench, one, SLICE_SECONDS));
  for (const one of running) await bench.place.children.end(one.child);
}

/** Each alone on its core, on and off in turn. */
async function measureTracing(
  bench: Bench,
  rounds: Rounds,
  table: RouteTable,
  app: number,
): Promise<void> {
  const none = { collector: null, sampleRatio: 0, slowMs: null };
  const to = `http://127.0.0.1:${app}`;
  const settings: readonly (readonly [string, TracingConfig, TracingConfig])[] = [
    [ITSELF, none, none],
    [KEPT, none, { ...none, sampleRatio: RATIO }],
    [SAMPLED, { ...none, collector: to }, { ...none, collector: to, sampleRatio: RATIO }],
  ];
  const told = new Map<string, () => Promise<void>>();
  const pairs: (readonly [Running, Running])[] = [];
  for (const [name, off, on] of settings) {
    const proxy = await SwitchedTracing.start(bench.place, table, { name, flags: NEVER_SLOW, app });
    const pair = [
      { ...proxy.running, name: name + OFF },
      { ...proxy.running, name: name + ON },
    ] as const;
    told.set(pair[0].name, () => proxy.use(off));
    told.set(pair[1].name, () => proxy.use(on));
    await proxy.use(on);
    const { quick, full } = SWITCHED_WARM_SECONDS;
    await load(bench, pair[1], bench.scale.quick ? quick : full);
    pairs.push(pair);
  }
  await rounds.inPairs(pairs, bench.scale.pairs, async (running) => {
    await told.get(running.name)!();
    return load(bench, running, SWITCHED_SECONDS);
  });
  for (const [{ child }] of pairs) await bench.place.children.end(child);
}

function peer(name: string, ...flags: readonly string[]): Peer {
  return remora({ name, flags: [...flags, ...NEVER_SLOW], hasLogReader: true });
}

async function load(bench: Bench, running: Running, seconds: number) {
  const order = { connections: CONNECTIONS, seconds };
  const { cpuUs, perCore } = await bench.driver.saturate(targetOf(running), order);
  bench.say(`${running.name}: ${cpuUs.toFixed(1)} µs`);
  return { cpuUs, perCore };
}
