/** GET /ready: whether new requests should be sent here. 503 before the start and in a drain. */
import { answerText, type Page } from './page.ts';

export const readyPage: Page = {
  method: 'GET',
  path: '/ready',
  answer(world, response) {
    if (world.isReady()) answerText(response, 200, 'ready\n');
    else answerText(response, 503, 'not ready\n');
  },
};
