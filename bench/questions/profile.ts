/**
 * Where Remora's time goes during a hop: the functions with the largest self time.
 *
 * A process of its own under `--cpu-prof`, never one that was measured: the profiler costs. Called
 * by `hop.ts` for `--profile`. `topFunctions` is pure.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { remora } from '../peers/remora.ts';
import type { RouteTable } from '../route-table.ts';
import { type Bench, targetOf } from './question.ts';

const SHOWN = 25;
const CONNECTIONS = 50;
const EXIT_TIMEOUT_MS = 10_000;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export async function profileHop(bench: Bench, table: RouteTable): Promise<readonly string[]> {
  const folder = join(bench.place.folder, 'profile');
  mkdirSync(folder);
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  const running = await remora({ nodeFlags }).start(bench.place, table);
  const seconds = bench.scale.quick ? 2 : 10;
  await bench.driver.saturate(targetOf(running), { connections: CONNECTIONS, seconds });
  // The profile is written on the way out, so it is given longer than another process would be.
  running.child.process.kill('SIGTERM');
  const untilMs = performance.now() + EXIT_TIMEOUT_MS;
  while (!running.child.hasEnded() && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const [file] = readdirSync(folder);
  if (file === undefined) return ['Remora wrote no profile'];
  return topFunctions(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile, SHOWN);
}

/** `12.3%  name  file:line`, most first, of the time in which the process did anything. */
export function topFunctions(profile: CpuProfile, count: number): readonly string[] {
  const nameOf = new Map(
    profile.nodes.map(({ id, callFrame }) => {
      const place = callFrame.url === '' ? '' : `  ${basename(callFrame.url)}`;
      const line = place === '' ? '' : `:${callFrame.lineNumber + 1}`;
      return [id, `${callFrame.functionName || '(anonymous)'}${place}${line}`] as const;
    }),
  );
  const micros = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, at) => {
    const name = nameOf.get(id) ?? '';
    if (name === '(idle)') return;
    const delta = profile.timeDeltas[at] ?? 0;
    micros.set(name, (micros.get(name) ?? 0) + delta);
    total += delta;
  });
  return [...micros]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, self]) => `${((self / total) * 100).toFixed(1).padStart(5)}%  ${name}`);
}
