/** GET /ready: whether new requests should be sent here. 503 before the start and in a drain. */
import type { Page } from './page.ts';

export const readyPage: Page = {
  method: 'GET',
  path: '/ready',
  answer(world, answer) {
    if (world.isReady()) answer.text(200, 'ready\n');
    else answer.text(503, 'not ready\n');
  },
};
