/**
 * `npm run bench`: runs the questions, writes what came out, and says which bars were met.
 *
 * One question after another, each on its own origin and proxies, which are ended before the next
 * begins. Whatever happens (an error, Ctrl-C, too much time) every process started here is ended by
 * its id. The exit code says whether the benches ran, not whether bars were met: a shortfall is a
 * result, and is printed as one.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type BenchArguments, isPublishable, parseArguments, USAGE } from './arguments.ts';
import { judge, type Verdict } from './bars.ts';
import { Driver } from './load/drive.ts';
import { Children } from './machine/children.ts';
import { chooseCores, moveToLoadCores } from './machine/cores.ts';
import { ENVOY_VERSION, installTools, NO_TOOLS } from './peers/installation.ts';
import { buildRemora } from './peers/remora.ts';
import { push } from './push/push.ts';
import { bodies } from './questions/bodies.ts';
import { hop } from './questions/hop.ts';
import { memory } from './questions/memory.ts';
import type { Answer, Bench, Question } from './questions/question.ts';
import { seeing } from './questions/seeing.ts';
import { table } from './questions/table.ts';
import { type Circumstances, renderMarkdown } from './report/markdown.ts';
import { renderSvg } from './report/svg.ts';
import { round3 } from './statistics.ts';

const QUESTIONS: readonly Question[] = [hop, bodies, table, memory, seeing, push];
/** After these, rounds stop; at the last, so does everything. */
const QUICK_MS = {
  alone: 140_000,
  perQuestion: { hop: 75_000, bodies: 32_000, table: 32_000, memory: 25_000, seeing: 25_000 },
};
const FULL_QUESTION_MS = 3_600_000;
const QUICK_ABORT_MS = 178_000;

const startedAtMs = performance.now();
const children = new Children();
const cores = chooseCores();
const folder = mkdtempSync(join(tmpdir(), 'remora-bench-'));

function say(text: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${text}\n`);
}

function clean(): void {
  children.killAll();
  rmSync(folder, { recursive: true, force: true });
}

async function main(given: BenchArguments): Promise<void> {
  const chosen = QUESTIONS.filter(({ name, isOnRequest = false }) => {
    return given.questions.length === 0 ? !isOnRequest : given.questions.includes(name);
  });
  const unknown = given.questions.filter((name) => !QUESTIONS.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`no question ${unknown.join(', ')}\n\n${USAGE}`);
  moveToLoadCores(cores);
  const withPeers = chosen.some(({ isOnRequest = false }) => !isOnRequest);
  const tools = withPeers ? await installTools(children, say) : NO_TOOLS;
  if (withPeers && (tools.nginx === null || tools.wrk === null)) {
    throw new Error('nginx and wrk are needed');
  }
  // A mesh takes as long as its API server does.
  if (given.scale.quick && withPeers) limitTime();
  const remora = await buildRemora(children, say);
  const circumstances = describe(given, remora);
  const figures: Record<string, number | null> = {};
  for (const question of chosen) {
    const untilMs = performance.now() + timeFor(question, given, chosen.length);
    const bench: Bench = {
      place: { children, cores, tools, remora, folder },
      driver: new Driver(children, cores),
      scale: given.scale,
      profile: given.profile,
      say,
      hasTime: () => performance.now() < untilMs,
    };
    say(`${question.name}: ${question.asks}`);
    const answer = await question.run(bench);
    await children.endAll();
    Object.assign(figures, answer.figures);
    publish(question, answer, circumstances, given);
  }
  if (given.json) printJson(figures, chosen, circumstances);
}

function timeFor({ name }: Question, { scale }: BenchArguments, asked: number): number {
  if (!scale.quick) return FULL_QUESTION_MS;
  if (asked === 1) return QUICK_MS.alone;
  return QUICK_MS.perQuestion[name as keyof typeof QUICK_MS.perQuestion];
}

function limitTime(): void {
  const leftMs = QUICK_ABORT_MS;
  setTimeout(() => {
    say('took longer than --quick may: ended');
    clean();
    process.exit(1);
  }, leftMs).unref();
}

function describe({ scale }: BenchArguments, remora: string): Circumstances {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const pinned = cores.pinned ? 'proxy pinned to one core' : 'nothing pinned';
  return {
    machine: `${model}, ${cores.count} cores, ${pinned}, ${process.platform} ${release()}`,
    versions: `Remora's ${basename(remora)}, Node ${process.version}, Envoy ${ENVOY_VERSION}`,
    scale: scale.quick ? `quick, ${scale.rounds} rounds` : `${scale.rounds} rounds`,
    startedAt: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

function publish(
  question: Question,
  answer: Answer,
  circumstances: Circumstances,
  given: BenchArguments,
): void {
  const verdicts = judge(answer.figures);
  const results = join(import.meta.dirname, 'results', isPublishable(given.scale) ? '' : 'local');
  mkdirSync(results, { recursive: true });
  const path = join(results, question.name);
  const markdown = renderMarkdown(question, answer, verdicts, circumstances);
  const json = { question: question.name, ...circumstances, verdicts, ...answer };
  writeFileSync(`${path}.json`, `${JSON.stringify(json, rounded, 2)}\n`);
  writeFileSync(`${path}.md`, markdown);
  writeFileSync(`${path}.svg`, renderSvg(question, answer));
  if (given.json) process.stderr.write(`\n${markdown}\n`);
  else process.stdout.write(`\n${markdown}\n`);
  say(`written: ${path}.{json,md,svg}`);
  sayShortfalls(verdicts, given.profile);
}

function sayShortfalls(verdicts: readonly Verdict[], profiled: boolean): void {
  const short = verdicts.filter((verdict) => !verdict.passed);
  for (const { what, value, max, unit } of short) {
    const measured = value === null ? 'not measured' : `${round3(value)} ${unit}`;
    say(`short of its bar: ${what}: ${measured}, allowed ${max} ${unit}`);
  }
  if (short.length > 0 && !profiled) say('where the time goes: npm run bench -- hop --profile');
}

function printJson(
  figures: Readonly<Record<string, number | null>>,
  chosen: readonly Question[],
  circumstances: Circumstances,
): void {
  const verdicts = Object.fromEntries(judge(figures).map((one) => [one.figure, one.passed]));
  const questions = chosen.map((question) => question.name);
  const object = { ...figures, questions, verdicts, ...circumstances };
  process.stdout.write(`${JSON.stringify(object, rounded)}\n`);
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? (Number.isInteger(value) ? value : round3(value)) : value;
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
  else await main(given);
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  await children.endAll();
}
