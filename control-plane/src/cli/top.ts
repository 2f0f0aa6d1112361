/**
 * `remora top`: what the mesh does now, by route, source and version, once a second until Ctrl-C.
 *
 * Where there is no terminal, or JSON is asked for, it is one table and the end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Frames } from '../dev/frames.ts';
import { type Line, paintLine } from '../dev/line.ts';
import { CONTROL_OPTION, tellRefusal } from './control-client.ts';
import { EXIT_OK, type ExitCode } from './exit-codes.ts';
import { type Look, MeshTraffic } from './mesh-traffic.ts';
import { hasColor, isLive } from './painter.ts';
import { statOnce } from './stat.ts';
import { busiest, type TrafficRow, trafficTable } from './traffic-table.ts';
import { type Io, JSON_OPTION, type Options, type Verb } from './verb.ts';

const REFRESH_MS = 1_000;
/** Of the table. */
const TITLE_LINES = 1;

export const top: Verb = {
  usage: 'top [route]',
  summary: 'Watch requests, success and latency by route, source and version, until Ctrl-C.',
  group: 'Look:',
  options: [JSON_OPTION, CONTROL_OPTION],

  async run([route], options, io) {
    if (!isLive(io) || options['json'] === true) {
      return await statOnce(route ?? null, REFRESH_MS, options, io);
    }
    return await watch(route ?? null, options, io);
  },
};

async function watch(route: string | null, options: Options, io: Io): Promise<ExitCode> {
  const traffic = new MeshTraffic(options, io);
  const end = new AbortController();
  io.onInterrupt(() => end.abort());
  let look = await traffic.look();
  if (look.refusal !== null) return tellRefusal(look.refusal, io);
  const frames = new Frames(io.terminal);
  while (!end.signal.aborted) {
    await sleep(REFRESH_MS, undefined, { signal: end.signal }).catch(() => {});
    look = await traffic.look();
    const { columns = 80, rows = 24 } = io.terminal;
    const lines = topLines(look, traffic.rows(route), { columns, rows });
    frames.draw(lines.map((line) => paintLine(line, columns, hasColor(io))));
  }
  frames.close();
  return EXIT_OK;
}

/** At most `rows` lines: what is wrong first, then the busiest. */
export function topLines(
  { refusal, proxies, silent }: Look,
  traffic: readonly TrafficRow[],
  size: { readonly columns: number; readonly rows: number },
): Line[] {
  const total = traffic.reduce((sum, row) => sum + row.requestsPerSecond, 0);
  const title = `remora top · ${proxies} proxies · ${total.toFixed(1)} requests/s between services`;
  const lines: Line[] = [
    [
      [title, 'bold'],
      [' · Ctrl-C ends', 'dim'],
    ],
  ];
  if (refusal !== null) lines.push([[`! ${refusal.why}`, 'alarm']]);
  const [first] = silent;
  if (first !== undefined) {
    const more = silent.length === 1 ? '' : `, and ${silent.length - 1} more`;
    lines.push([[`! ${first.proxy} is left out${more}: ${first.why}`, 'yellow']]);
  }
  lines.push([]);
  if (traffic.length === 0) return [...lines, [['No request in the last 10 s.', 'dim']]];
  const room = size.rows - lines.length - TITLE_LINES;
  if (traffic.length <= room) return [...lines, ...trafficTable(traffic, size.columns)];
  const shown = busiest(traffic, room - 1);
  const hidden = `… and ${traffic.length - shown.length} more, less busy: a taller window`;
  return [...lines, ...trafficTable(shown, size.columns), [[hidden, 'dim']]];
}
