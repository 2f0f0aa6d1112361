/** POST /drain: begins to end without losing a request; 202, since it takes a while. */
import { answerText, type Page } from './page.ts';

export const drainPage: Page = {
  method: 'POST',
  path: '/drain',
  answer(world, response) {
    world.drain();
    answerText(response, 202, 'draining\n');
  },
};
