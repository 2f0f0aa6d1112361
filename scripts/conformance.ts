/**
 * `npm run conformance`: the Gateway API's own suite against the cluster that is up, with Remora in
 * it. It writes the suite's report and a page of all its tests under `test/conformance/`.
 *
 *   --test NAME   one test (`--test MeshPorts`); writes nothing
 *
 * Before it: `npm run cluster -- up`, `npm run cluster -- image remora echo`, and Remora installed
 * (`remora install --image remora:dev --set image.pullPolicy=Never
 * --set injection.defaults.image-pull-policy=Never`). Exit codes: 0 when all passed, 1 when not,
 * 64 for a word that is not known, 69 where no cluster is up.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  clusterKubectl,
  isUp,
  kubeconfigFile,
  loadImage,
} from '../test/cluster/machine/cluster.ts';
import { places, programPath } from '../test/cluster/machine/places.ts';
import { buildPrograms } from '../test/cluster/machine/programs.ts';
import { installGatewayKinds } from '../test/conformance/gateway-kinds.ts';
import { type Outcome, outcomeOf, outcomesPage } from '../test/conformance/outcomes.ts';
import { suiteArguments } from '../test/conformance/suite-options.ts';
import { Progress } from './progress.ts';

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;

const root = join(import.meta.dirname, '..');
const results = join(root, 'test/conformance');
const logFile = join(places.state, 'log/conformance.log');
const progress = new Progress();

process.exitCode = await main();

async function main(): Promise<number> {
  let test: string | null;
  try {
    test = parseArgs({ options: { test: { type: 'string' } } }).values.test ?? null;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return EXIT_USAGE;
  }
  if (!isUp()) {
    console.error('No cluster is up here: npm run cluster -- up');
    return EXIT_UNAVAILABLE;
  }
  await buildPrograms(['conformance.test'], progress);
  await loadImage('echo', progress);
  const gateway = await installGatewayKinds(clusterKubectl);
  progress.step(`the kinds of the Gateway API ${gateway} are installed`);
  return await examine(gateway, test);
}

async function examine(gateway: string, test: string | null): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const report = test === null ? join(results, 'report.yaml') : null;
  const { code, outcomes } = await runSuite(suiteArguments({ version, test, report }));
  const failed = outcomes.filter(({ result }) => result === 'failed');
  if (report !== null) {
    const versions = [`Remora ${version}`, `Gateway API ${gateway}`];
    writeFileSync(join(results, 'README.md'), outcomesPage(outcomes, versions));
  }
  const passed = outcomes.filter(({ result }) => result === 'passed').length;
  progress.step(`${passed} tests passed, ${failed.length} failed. All that was said: ${logFile}`);
  return code === 0 && passed > 0 ? 0 : 1;
}

/** Says what became of each test; everything else goes to the log. */
async function runSuite(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly outcomes: readonly Outcome[] }> {
  const outcomes: Outcome[] = [];
  const log = createWriteStream(logFile);
  const child = spawn(programPath('conformance.test'), args, {
    env: { ...process.env, KUBECONFIG: kubeconfigFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.pipe(log, { end: false });
  createInterface({ input: child.stdout }).on('line', (line) => {
    log.write(`${line}\n`);
    const outcome = outcomeOf(line);
    // Those that ask for a gateway are not for a mesh.
    if (outcome === null || outcome.result === 'skipped') return;
    outcomes.push(outcome);
    progress.step(`${outcome.name} ${outcome.result}`);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  log.end();
  return { code, outcomes };
}
