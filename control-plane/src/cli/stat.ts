/**
 * `remora stat [ROUTE]`: one table of what happens within a few seconds, and the end.
 *
 * Exit codes: 0 with or without requests; 69 without a control plane.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '@remora/api/config/duration.ts';
import { CONTROL_OPTION, tellRefusal } from './control-client.ts';
import { durationOption } from './duration-option.ts';
import { EXIT_OK, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { type Look, MeshTraffic } from './mesh-traffic.ts';
import { painterOf } from './painter.ts';
import { trafficTable } from './traffic-table.ts';
import { type Io, JSON_OPTION, type Options, type Verb } from './verb.ts';

const WINDOW_MS = 5_000;

export const stat: Verb = {
  usage: 'stat [route]',
  summary: 'Show requests, success and latency by route, source and version, over a few seconds.',
  group: 'Look:',
  options: [['--for <duration>', 'how long to look (default: 5s)'], JSON_OPTION, CONTROL_OPTION],

  async run([route], options, io) {
    const windowMs = durationOption(options, WINDOW_MS, io);
    if (windowMs === null) return EXIT_USAGE;
    return await statOnce(route ?? null, windowMs, options, io);
  },
};

/** Two looks and a table. Also what `top` is where there is no terminal. */
export async function statOnce(
  route: string | null,
  windowMs: number,
  options: Options,
  io: Io,
): Promise<ExitCode> {
  const traffic = new MeshTraffic(options, io);
  const first = await traffic.look();
  if (first.refusal !== null) return tellRefusal(first.refusal, io);
  await sleep(windowMs);
  const look = await traffic.look();
  if (look.refusal !== null) return tellRefusal(look.refusal, io);
  const rows = traffic.rows(route);
  const painter = painterOf(io);
  if (options['json'] === true) {
    io.out(JSON.stringify({ windowMs, rows, proxies: look.proxies, silent: look.silent }, null, 2));
  } else if (rows.length > 0) {
    const columns = io.terminal.isTTY === true ? (io.terminal.columns ?? null) : null;
    for (const line of trafficTable(rows, columns)) painter.line(line);
  }
  if (rows.length === 0) painter.warn(quietText(route, windowMs, look));
  for (const { proxy, why } of look.silent) painter.warn(`Proxy ${proxy} is left out: ${why}`);
  return EXIT_OK;
}

function quietText(route: string | null, windowMs: number, { proxies }: Look): string {
  const what = route === null ? 'No request' : `No request of a route like "${route}"`;
  const where = `${proxies} proxies in ${formatDuration(windowMs)}`;
  const next = '`remora routes` lists the routes, --for 30s looks longer';
  return `${what} was seen by ${where}: ${next}.`;
}
