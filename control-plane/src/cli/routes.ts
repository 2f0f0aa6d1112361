/** `remora routes`: each route, who applied it, and why it is not in force where it is not. */
import type { RouteStatus } from '../status.ts';
import { askControlPlane, CONTROL_OPTION } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-codes.ts';
import { tableLines } from './text-table.ts';
import type { Verb } from './verb.ts';

export const routes: Verb = {
  usage: 'routes',
  summary: 'List the routes of a mesh and who applied them; exit code 1 if one is not in force.',
  group: 'Look:',
  options: [CONTROL_OPTION],

  async run(_args, options, io) {
    const asked = await askControlPlane(options, io);
    if (asked.status === null) return asked.code;
    const rows = asked.status.routes.map((route) => [
      `${route.namespace}/${route.name}`,
      route.target,
      String(route.generation),
      `${route.applied.applied} of ${route.applied.interested}`,
      troubleOf(route) ?? 'ok',
    ]);
    const titles = ['ROUTE', 'SERVICE', 'GENERATION', 'APPLIED', 'STATE'];
    for (const line of tableLines(titles, rows)) io.out(line);
    return asked.status.routes.some((route) => troubleOf(route) !== null) ? EXIT_FOUND : EXIT_OK;
  },
};

/** The first condition that is not met; a route that nobody uses yet is in no trouble. */
function troubleOf({ conditions, applied }: RouteStatus): string | null {
  const [refusal] = applied.refused;
  if (refusal !== undefined) return `refused by ${refusal.proxy}: ${refusal.reason}`;
  const unmet = conditions.find(({ type, status }) => type !== 'Applied' && status === 'False');
  return unmet?.message ?? null;
}
