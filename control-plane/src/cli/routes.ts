/** `remora routes`: each route with its rules, who applied it, and why it is not in force. */
import { appliedMessage, isUnmet } from '../desired/conditions.ts';
import type { RouteStatus } from '../status.ts';
import { askControlPlane, CONTROL_OPTION } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-codes.ts';
import { ruleLines } from './rule-text.ts';
import type { Verb } from './verb.ts';

export const routes: Verb = {
  usage: 'routes',
  summary: 'List the routes of a mesh, their matches, who applied them; exit code 1 if one fails.',
  group: 'Look:',
  options: [CONTROL_OPTION],

  async run(_args, options, io) {
    const asked = await askControlPlane(options, io);
    if (asked.status === null) return asked.code;
    for (const route of asked.status.routes) {
      const { namespace, name, target, applied } = route;
      io.out(`${namespace}/${name}, for ${target}: ${appliedMessage(applied)}`);
      for (const [index, rule] of route.rules.entries()) {
        for (const line of ruleLines(rule, index)) io.out(`  ${line}`);
      }
      const trouble = troubleOf(route);
      if (trouble !== null) io.out(`  ✗ ${trouble}`);
    }
    return asked.status.routes.some((route) => troubleOf(route) !== null) ? EXIT_FOUND : EXIT_OK;
  },
};

/** The first condition that is not met; a route that nobody uses yet is in no trouble. */
export function troubleOf({ conditions, applied }: RouteStatus): string | null {
  const [refusal] = applied.refused;
  if (refusal !== undefined) return `refused by ${refusal.proxy}: ${refusal.reason}`;
  return conditions.find(isUnmet)?.message ?? null;
}
