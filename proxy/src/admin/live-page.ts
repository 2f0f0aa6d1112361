/** GET /live: the process answers, so its event loop turns. Nothing else is asked of it. */
import { answerText, type Page } from './page.ts';

export const livePage: Page = {
  method: 'GET',
  path: '/live',
  answer: (_world, response) => answerText(response, 200, 'live\n'),
};
