/**
 * POST /drain: begins to leave without losing a request; 202, since it takes a while.
 * GET /drain: how far that is.
 *
 * Asked by `remora drain`, and by `drain-command.ts` from a preStop hook.
 */
import type { Page } from './page.ts';

export const drainPages: readonly Page[] = [
  {
    method: 'POST',
    path: '/drain',
    answer(world, answer) {
      world.drain();
      answer.text(202, 'draining\n');
    },
  },
  {
    method: 'GET',
    path: '/drain',
    answer(world, answer) {
      answer.begin(200, 'application/json');
      answer.write(`${JSON.stringify(world.draining())}\n`);
      answer.end();
    },
  },
];
