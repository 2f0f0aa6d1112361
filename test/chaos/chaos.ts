/**
 * `npm run chaos`: plays the scenarios, and says of each claim whether it held.
 *
 * One run after another, each with processes of its own, which are ended by their ids before the
 * next begins and whatever happens (an error, Ctrl-C, too much time). A run that fails leaves its
 * claims unmeasured, and so not held; the others are played all the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Children } from '../../bench/machine/children.ts';
import { buildRemora } from '../../bench/peers/remora.ts';
import { type ChaosArguments, choose, parseArguments, USAGE } from './arguments.ts';
import { type Figures, judge, type Verdict } from './judge.ts';
import { publish, verdictLine } from './report/publish.ts';
import { RUNS } from './runs.ts';
import { CLAIMS } from './scenarios.ts';
import { type Run, Scene } from './scene.ts';
import { remora } from './subjects/remora.ts';
import type { Subject } from './subjects/subject.ts';

const RUN_MS_MAX = 400_000;

const startedAtMs = performance.now();
const children = new Children();
const folder = mkdtempSync(join(tmpdir(), 'remora-chaos-'));
let scene: Scene | null = null;

function say(text: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${text}\n`);
}

function clean(): void {
  scene?.programs.killAll();
  children.killAll();
  rmSync(folder, { recursive: true, force: true });
}

async function main(given: ChaosArguments): Promise<void> {
  const claims = choose(CLAIMS, given.only);
  const runs = RUNS.filter(({ name }) => claims.some((claim) => claim.run === name));
  say(`seed ${given.seed}`);
  const program = await buildRemora(children, say);
  const figures = await playAll(runs, remora(program), program, given);
  const verdicts = judge(claims, (run) => figures.get(run) ?? {});
  publish(verdicts, new Map([['Remora', figures]]), given, say);
  const held = verdicts.filter((verdict) => verdict.held).length;
  say(`${held} of ${verdicts.length} claims held`);
  if (held < verdicts.length) process.exitCode = 1;
}

async function playAll(
  runs: readonly Run[],
  subject: Subject,
  program: string,
  given: ChaosArguments,
): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>();
  for (const run of runs) {
    say(`${run.name} (${subject.name})`);
    const { seed, quick } = given;
    scene = new Scene({ seed, quick, folder, subject, remora: program, say });
    try {
      const measured = await withinTime(run.perform(scene));
      figures.set(run.name, measured);
      tell(run, measured, subject);
    } catch (error) {
      say(`${run.name} could not be played: ${(error as Error).message}`);
    } finally {
      await scene.close();
      scene = null;
    }
  }
  return figures;
}

function tell(run: Run, figures: Figures, subject: Subject): void {
  const claims = CLAIMS.filter((claim) => claim.run === run.name);
  const verdicts: readonly Verdict[] = judge(claims, () => figures);
  for (const verdict of verdicts) {
    say(verdictLine(verdict));
  }
}

async function withinTime<Value>(work: Promise<Value>): Promise<Value> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new Error('it took too long')), RUN_MS_MAX);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clean();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
process.once('exit', clean);

try {
  const given = parseArguments(process.argv.slice(2));
  if (given.help) process.stdout.write(USAGE);
  else if (given.list) {
    for (const { name, claim, comparison, limit, unit } of CLAIMS) {
      process.stdout.write(`${name.padEnd(32)} ${claim}: ${comparison} ${limit} ${unit}\n`);
    }
  } else await main(given);
} catch (error) {
  process.stderr.write(`chaos: ${(error as Error).message}\n`);
  process.exitCode = 2;
} finally {
  await children.endAll();
}
