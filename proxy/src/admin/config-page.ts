/**
 * GET /config: the configuration in force, with versions, in the format of `--snapshot`. The same
 * pieces answer a query of the control plane.
 */
import { writeSnapshot } from '../control/snapshot-format.ts';
import { type AdminWorld, answerPieces, type Page } from './page.ts';

export const configPage: Page = {
  method: 'GET',
  path: '/config',
  async answer(world, answer) {
    await answerPieces(world, answer, 'application/json', configPieces(world));
  },
};

export function configPieces({ configuration }: AdminWorld): Iterable<string> {
  return writeSnapshot(configuration.live.texts());
}
