/** GET /config: the configuration in force, with versions, in the format of `--snapshot`. */
import { writeSnapshot } from '../control/snapshot-format.ts';
import { answerPieces, type Page } from './page.ts';

export const configPage: Page = {
  method: 'GET',
  path: '/config',
  async answer(world, answer) {
    const pieces = writeSnapshot(world.configuration.live.texts());
    await answerPieces(world, answer, 'application/json', pieces);
  },
};
