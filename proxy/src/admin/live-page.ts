/** GET /live: the process answers, so its event loop turns. Nothing else is asked of it. */
import type { Page } from './page.ts';

export const livePage: Page = {
  method: 'GET',
  path: '/live',
  answer: (_world, answer) => answer.text(200, 'live\n'),
};
