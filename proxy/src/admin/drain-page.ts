/** POST /drain: begins to end without losing a request; 202, since it takes a while. */
import type { Page } from './page.ts';

export const drainPage: Page = {
  method: 'POST',
  path: '/drain',
  answer(world, answer) {
    world.drain();
    answer.text(202, 'draining\n');
  },
};
