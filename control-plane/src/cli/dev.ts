/**
 * `remora dev FOLDER`: a mesh of real processes on this machine, until Ctrl-C.
 *
 * Exit codes: 0 after Ctrl-C, 64 when the folder or `dev.yaml` cannot be used, 69 when the proxy
 * program or a port is missing.
 */
import { existsSync } from 'node:fs';
import { readDevFolder } from '../dev/dev-folder.ts';
import { openLogFolder } from '../dev/log-folder.ts';
import { Mesh } from '../dev/mesh.ts';
import { findProxyProgram } from '../dev/proxy-program.ts';
import { Screen } from '../dev/screen.ts';
import { STANDARD_COLLECTOR, type Tracing } from '../dev/tracing.ts';
import { problemLine } from '../files/problem.ts';
import { EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE } from './exit-codes.ts';
import type { Io, Options, Verb } from './verb.ts';

export const dev: Verb = {
  usage: 'dev <folder>',
  summary: 'Run a folder of Kubernetes YAML as a mesh of processes on this machine.',
  group: 'Run:',
  options: [
    ['--logs <folder>', 'where applications and sidecars write (default: a temporary one)'],
    ['--traces <url>', `where traces are sent, none: nowhere (default: ${STANDARD_COLLECTOR})`],
    ['--sample <ratio>', 'of traces that are sent beside the failed and slow ones (default: 1)'],
  ],

  async run([folder = '.'], options, io) {
    if (!existsSync(folder)) {
      io.err(`There is no folder ${folder}.`);
      return EXIT_USAGE;
    }
    const program = findProxyProgram();
    if (program === null) {
      io.err(
        'The proxy program is missing: run `npm run build` in the checkout, or install again.',
      );
      return EXIT_UNAVAILABLE;
    }
    const plan = await readDevFolder(folder);
    if (plan.problems.length > 0) {
      for (const problem of plan.problems) io.err(problemLine(problem));
      return EXIT_USAGE;
    }
    const tracing = tracingOf(options, io);
    if (tracing === null) return EXIT_USAGE;
    const { logs } = options;
    const logFolder = openLogFolder(folder, typeof logs === 'string' ? logs : undefined);
    const mesh = new Mesh({ folder, plan, program, logFolder, tracing, chance: Math.random });
    return runUntilInterrupted(mesh, logFolder, io);
  },
};

/** Null: it cannot be, and that was told. */
function tracingOf(options: Options, io: Io): Tracing | null {
  const url = String(options['traces'] ?? STANDARD_COLLECTOR);
  const sample = Number(options['sample'] ?? 1);
  if (!(sample >= 0 && sample <= 1)) {
    io.err(`--sample ${options['sample']} is no share: write a number from 0 to 1.`);
    return null;
  }
  if (url === 'none') return { url: null, sample };
  if (URL.canParse(url) && new URL(url).protocol === 'http:') return { url, sample };
  io.err(`--traces ${url} is no collector: write http://HOST:PORT, or none.`);
  return null;
}

async function runUntilInterrupted(mesh: Mesh, logFolder: string, io: Io) {
  const interrupted = new Promise<void>((resolve) => {
    io.onInterrupt((isRepeated) => {
      if (isRepeated) mesh.kill();
      resolve();
    });
  });
  io.out('Starting the mesh; Ctrl-C ends it.');
  try {
    await mesh.start();
  } catch (error) {
    await mesh.stop();
    io.err(`The mesh cannot start: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_UNAVAILABLE;
  }
  const screen = new Screen(io.terminal, io.env, () => mesh.state());
  await interrupted;
  screen.close();
  io.out('Ending every process …');
  await mesh.stop();
  io.out(`Ended. The logs are in ${logFolder}`);
  return EXIT_OK;
}
