/**
 * `remora status`: is the mesh as its YAML says? Who is connected, and who breaks traces?
 *
 * Only the first decides the exit code. Who breaks traces is judged by counters, tells of an
 * application and changes with its traffic: a script that waits for its YAML must not wait for
 * that. A proxy that does not say what it counts is named, and the rest is told without it.
 */
import { printable } from '../dev/line.ts';
import { problemLine } from '../files/problem.ts';
import type { ProxyStatus } from '../status.ts';
import { brokenTraceLines, brokenTraces, readTraces, type TraceReading } from './broken-traces.ts';
import { askControlPlane, CONTROL_OPTION } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-codes.ts';
import { painterOf } from './painter.ts';
import { askStats, type SilentProxy } from './proxy-stats.ts';
import { troubleOf } from './routes.ts';
import { tableLines } from './text-table.ts';
import { type Io, JSON_OPTION, type Options, type Verb } from './verb.ts';

/** A large mesh whose proxies all hang must not hold up what is known without them. */
const ASKING_MS_MAX = 5_000;

export const status: Verb = {
  usage: 'status',
  summary:
    'Show the proxies, who breaks traces, and mistakes in the YAML; exit code 1 if there is one.',
  group: 'Look:',
  options: [JSON_OPTION, CONTROL_OPTION],

  async run(_args, options, io) {
    const asked = await askControlPlane(options, io);
    if (asked.status === null) return asked.code;
    const { proxies, problems, routes } = asked.status;
    const traces = await askAboutTraces(proxies, options, io);
    const troubles = routes.flatMap((route) => {
      const trouble = troubleOf(route);
      return trouble === null ? [] : [`${route.kind} ${route.namespace}/${route.name}: ${trouble}`];
    });
    const lines = [...problems.map(problemLine), ...troubles];
    const code = lines.length === 0 ? EXIT_OK : EXIT_FOUND;
    if (options['json'] === true) {
      io.out(JSON.stringify({ ...asked.status, traces }, null, 2));
      return code;
    }
    const rows = proxies.map(({ name, namespace, uses }) => [name, namespace, String(uses)]);
    for (const line of tableLines(['PROXY', 'NAMESPACE', 'USES'], rows)) io.out(line);
    io.out(`${routes.length} routes: \`remora routes\` lists them.`);
    for (const line of lines) io.out(`✗ ${line}`);
    for (const line of brokenTraceLines(traces.broken)) io.out(printable(`! ${line}`));
    const { silent } = traces;
    if (silent.length > 0) painterOf(io).warn(unknownText(silent, proxies.length));
    return code;
  },
};

interface Traces {
  readonly broken: readonly TraceReading[];
  readonly silent: readonly SilentProxy[];
}

async function askAboutTraces(
  proxies: readonly ProxyStatus[],
  options: Options,
  io: Io,
): Promise<Traces> {
  const readings: TraceReading[] = [];
  const question = { options, io, limitMs: ASKING_MS_MAX };
  const silent = await askStats(proxies, question, (proxy, page) => {
    const reading = readTraces(proxy, page);
    if (reading !== null) readings.push(reading);
  });
  return { broken: brokenTraces(readings), silent };
}

function unknownText([first, ...others]: readonly SilentProxy[], proxies: number): string {
  const more = others.length === 0 ? '' : ` And ${others.length} more: --json lists them.`;
  const who = `${others.length + 1} of ${proxies} proxies`;
  return `What ${who} did to traces is unknown. ${first?.proxy}: ${first?.why}${more}`;
}
