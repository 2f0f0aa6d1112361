/**
 * `npm run chaos`: plays the scenarios, and says of each claim whether it held.
 *
 * One run after another, each with processes of its own, which are ended by their ids before the
 * next begins and whatever happens (an error, Ctrl-C, too much time). A run that fails leaves its
 * claims unmeasured, and so not held; the others are played all the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Children } from '../../bench/machine/children.ts';
import { ENVOY_VERSION, installEnvoy } from '../../bench/peers/installation.ts';
import { buildRemora } from '../../bench/peers/remora.ts';
import { within } from '../support/waiting.ts';
import { type ChaosArguments, choose, parseArguments, USAGE } from './arguments.ts';
import { type Figures, judge } from './judge.ts';
import { readCoreTicks, stolenPercent } from './machine/stolen.ts';
import { LATE_MS_MAX, STOLEN_PERCENT_MAX, verdictLine } from './report/markdown.ts';
import { publish, type Result, writeFiles } from './report/publish.ts';
import { RUNS } from './runs.ts';
import { CLAIMS } from './scenarios.ts';
import { type Run, Scene } from './scene.ts';
import { envoys } from './subjects/envoy.ts';
import { remora, remoraWithRetries } from './subjects/remora.ts';
import type { Subject } from './subjects/subject.ts';

/** The outage, five times 50 s, is the longest. */
const RUN_MS_MAX = 330_000;
const EXIT_NOT_HELD = 1;
const EXIT_NOT_PLAYED = 2;

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
  const startedAt = new Date().toISOString().slice(0, 16).replace('T', ' ');
  say(`seed ${given.seed}, ${runs.length} runs, ${claims.length} claims`);
  const program = await buildRemora(children, say);
  const outcome = new Map<string, ReadonlyMap<string, Figures>>();
  const result = (): Result => ({
    verdicts: judge(claims, (run) => outcome.get('Remora')?.get(run) ?? {}),
    outcome,
    circumstances: {
      machine: `${cpus()[0]?.model.trim() ?? '?'}, ${cpus().length} cores, Linux ${release()}`,
      versions: `Remora's ${basename(program)}, Node ${process.version}, Envoy ${ENVOY_VERSION}`,
      startedAt,
      seed: given.seed,
      minutes: Math.round((performance.now() - startedAtMs) / 6_000) / 10,
    },
  });
  const subjects = [remora(program), ...(await peersFor(given, program))];
  for (const subject of subjects.filter(({ name }) => name.startsWith(given.subject))) {
    const played = subject.name === 'Remora' ? runs : runs.filter((run) => run.isComparable);
    outcome.set(subject.name, await playAll(played, subject, program, given));
    writeFiles(result(), given);
  }
  const whole = result();
  publish(whole, given, say);
  const held = whole.verdicts.filter((verdict) => verdict.held).length;
  say(`${held} of ${claims.length} claims held`);
  if (held < claims.length) process.exitCode ??= EXIT_NOT_HELD;
}

async function peersFor({ peers }: ChaosArguments, program: string): Promise<readonly Subject[]> {
  if (!peers) return [];
  const envoy = await installEnvoy(children, say);
  if (envoy !== null) return [remoraWithRetries(program), ...envoys(envoy)];
  process.exitCode = EXIT_NOT_PLAYED;
  return [];
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
    const ticks = readCoreTicks();
    try {
      const measured = await within(run.perform(scene), RUN_MS_MAX, () => `the end of ${run.name}`);
      const { lateMs } = scene;
      const stolen = stolenPercent(ticks, readCoreTicks());
      figures.set(run.name, { ...measured, lateMs, stolenPercent: stolen });
      tell(run, measured);
      if (lateMs > LATE_MS_MAX) say(`  the load itself was late by ${lateMs.toFixed(0)} ms (p99)`);
      if (stolen !== null && stolen > STOLEN_PERCENT_MAX) {
        say(`  the host took ${stolen.toFixed(1)}% of the cores' time`);
      }
    } catch (error) {
      process.exitCode = EXIT_NOT_PLAYED;
      say(`${run.name} could not be played: ${(error as Error).message}`);
    } finally {
      await scene.close();
      scene = null;
    }
  }
  return figures;
}

function tell(run: Run, figures: Figures): void {
  const claims = CLAIMS.filter((claim) => claim.run === run.name);
  for (const verdict of judge(claims, () => figures)) say(`  ${verdictLine(verdict)}`);
}

function printList(): void {
  for (const { name, claim, comparison, limit, unit } of CLAIMS) {
    process.stdout.write(`${name.padEnd(32)} ${claim}: ${comparison} ${limit} ${unit}\n`);
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
  else if (given.list) printList();
  else await main(given);
} catch (error) {
  process.stderr.write(`chaos: ${(error as Error).message}\n`);
  process.exitCode = EXIT_NOT_PLAYED;
} finally {
  await children.endAll();
}
