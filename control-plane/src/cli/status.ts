/** `remora status`: is the mesh as its YAML says? Who is connected, and what is wrong. */
import { problemLine } from '../files/problem.ts';
import { askControlPlane, CONTROL_OPTION } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-codes.ts';
import { troubleOf } from './routes.ts';
import { tableLines } from './text-table.ts';
import type { Verb } from './verb.ts';

export const status: Verb = {
  usage: 'status',
  summary:
    'Show the proxies of a mesh and what is wrong with its YAML; exit code 1 if there is one.',
  group: 'Look:',
  options: [CONTROL_OPTION],

  async run(_args, options, io) {
    const asked = await askControlPlane(options, io);
    if (asked.status === null) return asked.code;
    const { proxies, problems, routes } = asked.status;
    const rows = proxies.map(({ name, namespace, uses }) => [name, namespace, String(uses)]);
    for (const line of tableLines(['PROXY', 'NAMESPACE', 'USES'], rows)) io.out(line);
    io.out(`${routes.length} routes: \`remora routes\` lists them.`);
    const troubles = routes.flatMap((route) => {
      const trouble = troubleOf(route);
      return trouble === null ? [] : [`TrafficRoute ${route.namespace}/${route.name}: ${trouble}`];
    });
    const lines = [...problems.map(problemLine), ...troubles];
    for (const line of lines) io.out(`✗ ${line}`);
    return lines.length === 0 ? EXIT_OK : EXIT_FOUND;
  },
};
