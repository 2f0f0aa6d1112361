/**
 * `remora check FOLDER`: what is wrong in a folder of YAML, before anything runs from it. Without
 * one it is the cluster that is checked (`check-cluster.ts`).
 *
 * The same reading and the same conditions as in the control plane, so that what passes here is
 * what a mesh accepts.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isUnmet } from '../desired/conditions.ts';
import { DEV_FILE, readDevFolder } from '../dev/dev-folder.ts';
import { FolderSource } from '../files/folder-source.ts';
import { type Problem, problemLine } from '../files/problem.ts';
import { routeStatuses } from '../status.ts';
import { emptyWorld, foldWorld, type World } from '../world.ts';
import { checkCluster } from './check-cluster.ts';
import { KUBE_OPTIONS } from './cluster-option.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { JSON_OPTION, type Verb } from './verb.ts';

const NOBODY = { applied: 0, interested: 0, refused: [] };

export const check: Verb = {
  usage: 'check [folder]',
  summary:
    'Report every mistake in a folder of YAML, or in a cluster, with its remedy; ' +
    'exit code 1 if there is one.',
  group: 'Look:',
  options: [
    ['--cluster', 'check the cluster: can Remora be there, and does it work?'],
    JSON_OPTION,
    ...KUBE_OPTIONS,
  ],

  async run([folder], options, io) {
    if (folder === undefined || options['cluster'] === true) return await checkCluster(options, io);
    if (!existsSync(folder)) {
      io.err(`There is no folder ${folder}.`);
      return EXIT_USAGE;
    }
    const { world, problems } = await readFolder(folder);
    const lines = problems.map((problem) => problemLine(located(folder, problem)));
    if (existsSync(join(folder, DEV_FILE))) {
      lines.push(...(await readDevFolder(folder)).problems.map(problemLine));
    }
    lines.push(...unmetConditions(world));
    for (const line of lines) io.out(line);
    if (lines.length > 0) return EXIT_FOUND;
    io.out(`${folder}: ${world.objects.size} objects, no mistakes.`);
    return EXIT_OK;
  },
};

/** Files are named as the user named the folder, which may be one file. */
function located(folder: string, problem: Problem): Problem {
  const file = statSync(folder).isFile() ? folder : join(folder, problem.file);
  return { ...problem, file };
}

async function readFolder(folder: string): Promise<{ world: World; problems: readonly Problem[] }> {
  let world = emptyWorld;
  let problems: readonly Problem[] = [];
  const source = new FolderSource({
    folder,
    onEvents: (events) => {
      world = foldWorld(world, events);
    },
    onProblems: (found) => {
      problems = found;
    },
  });
  await source.start();
  await source.close();
  return { world, problems };
}

/** References that lead nowhere: each object is right by itself, and together they are not. */
function unmetConditions(world: World): string[] {
  return routeStatuses(world, () => NOBODY).flatMap(({ kind, namespace, name, conditions }) =>
    conditions
      .filter(isUnmet)
      .filter(({ type }, index, all) => index === 0 || all[index - 1]?.type === type)
      .map(({ message }) => `${kind} ${namespace}/${name}: ${message}`),
  );
}
