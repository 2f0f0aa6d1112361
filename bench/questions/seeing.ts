/**
 * seeing: what do records, spans and access logs cost, beside the same proxy that makes none?
 *
 * The notes on every request can't be switched off, so the quiet one has them too; it leaves no
 * record, since nothing is sampled, fails or is slow. The sampled one sends its spans to a
 * collector that takes them: the origin, which answers 200 to whatever it is sent.
 *
 * The bars are a few hundredths, and two processes that do the same differ by as much: by what the
 * machine did meanwhile, and by what their compilers made of the first seconds. So all run side by
 * side on one core (turns of a second each tell 5% apart, this 1.5%), all start anew several times,
 * each time in another order, and the quiet one is there twice: what it costs "of itself" is what
 * this run can tell apart.
 */
import { startOrigin } from '../peers/nginx.ts';
import type { Peer, Running } from '../peers/peer.ts';
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

const CONNECTIONS = 50;
const QUIET = 'Remora, no records';
const AGAIN = 'Remora, no records, once more';
const KEPT = 'Remora, 1% kept for explain';
const SAMPLED = 'Remora, 1% sent as spans';
const LOGGED = 'Remora, all in the access log';
const SLICE_SECONDS = 3;
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
    const collector = `http://127.0.0.1:${firstPort}`;
    const peers = [
      peer(QUIET, '--sample', '0'),
      peer(AGAIN, '--sample', '0'),
      peer(KEPT, '--sample', '0.01'),
      peer(SAMPLED, '--sample', '0.01', '--traces', collector),
      peer(LOGGED, '--sample', '0', '--access-log', 'all'),
    ];
    const rounds = new Rounds(bench, notes);
    let running: readonly Running[] = [];
    for (let start = 0; start < bench.scale.lives; start++) {
      for (const one of running) await bench.place.children.end(one.child);
      const turn = start % peers.length;
      const inTurn = [...peers.slice(turn), ...peers.slice(0, turn)];
      running = await startPeers(bench, inTurn, shopTable(firstPort), notes);
      for (const one of running) {
        const load = { connections: CONNECTIONS, seconds: bench.scale.warmSeconds };
        await bench.driver.saturate(targetOf(one), load);
      }
      await rounds.sideBySide(running, bench.scale.slices, (one) => measure(bench, one));
    }
    const ratio = (name: string) => {
      const quiet = rounds.named(QUIET, 'cpuUs');
      const value = median(pairedRatios(rounds.named(name, 'cpuUs'), quiet));
      return Number.isFinite(value) ? value : null;
    };
    return {
      columns: COLUMNS,
      rows: peers.flatMap(({ name }) => {
        const one = running.find((candidate) => candidate.name === name);
        return one === undefined ? [] : [rounds.row(one, COLUMNS)];
      }),
      figures: {
        cpuRatioItself: ratio(AGAIN),
        cpuRatioExplain: ratio(KEPT),
        cpuRatioSampled: ratio(SAMPLED),
        cpuRatioAccessLog: ratio(LOGGED),
      },
      notes,
    };
  },
};

function peer(name: string, ...flags: readonly string[]): Peer {
  return remora({ name, flags: [...flags, ...NEVER_SLOW], hasLogReader: true });
}

async function measure(bench: Bench, running: Running) {
  const load = { connections: CONNECTIONS, seconds: SLICE_SECONDS };
  const { cpuUs, perCore } = await bench.driver.saturate(targetOf(running), load);
  bench.say(`${running.name}: ${cpuUs.toFixed(1)} µs`);
  return { cpuUs, perCore };
}
