/**
 * push: what does a mesh of a thousand proxies cost its control plane, and how soon do they know?
 *
 *   API server ⇄ control plane ⇄ 1,000 simulated proxies        one real proxy, for its memory
 *
 * API server, its storage, the control plane and TLS are real; proxies are simulated, since a
 * thousand do not fit. The mesh is filled in two steps: with ten Services in it, and with all of
 * them, a real proxy that uses the same ten holds the same, or not.
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { Answer, Bench, Question } from '../questions/question.ts';
import { median } from '../statistics.ts';
import { AppliedWatch } from './applied-watch.ts';
import { type ChangeFigures, changeWeight, type Stage } from './changes.ts';
import { ControlProcess } from './control-process.ts';
import { Crowd } from './crowd.ts';
import { MeshCluster } from './mesh-cluster.ts';
import { type MeshSize, NARROW, proxiesOf, USES } from './mesh-objects.ts';
import { PUSH_COLUMNS, pushFigures, pushRows } from './push-answer.ts';
import { cutAll, type ReconnectFigures, restart } from './reconnects.ts';
import { sidecarMemory } from './sidecar-memory.ts';

const FULL: PushScale = {
  ...{ services: 1_000, routes: 200 },
  ...{ changes: 30, timedChanges: 4, restarts: 2, cuts: 2, sidecars: 3 },
};
const QUICK: PushScale = {
  ...{ services: 200, routes: 40 },
  ...{ changes: 5, timedChanges: 1, restarts: 1, cuts: 1, sidecars: 1 },
};
const CONNECT_LIMIT_MS = 180_000;

interface PushScale extends MeshSize {
  /** With all proxies interested, and again with few. */
  readonly changes: number;
  /** Of these, with a window of processor time. */
  readonly timedChanges: number;
  readonly restarts: number;
  readonly cuts: number;
  readonly sidecars: number;
}

export interface PushResults {
  readonly size: MeshSize;
  readonly wide: readonly ChangeFigures[];
  readonly narrow: readonly ChangeFigures[];
  readonly restarts: readonly (ReconnectFigures & { readonly startMs: number })[];
  readonly cuts: readonly ReconnectFigures[];
  /** Of every control plane there was, the most; private: connected and at rest. */
  readonly residentMb: number;
  readonly privateMb: number;
  /** Private megabytes of a real proxy in the mesh of ten Services, and in the whole one. */
  readonly sidecarSmallMb: readonly number[];
  readonly sidecarWholeMb: readonly number[];
}

export const push: Question = {
  name: 'push',
  asks: 'How soon do a thousand proxies have a change, and what does it cost the control plane?',
  isOnRequest: true,

  async run(bench: Bench): Promise<Answer> {
    const notes: string[] = [];
    const [loadBefore = 0] = loadavg();
    const cluster = await MeshCluster.start(join(bench.place.folder, 'push'));
    try {
      const results = await measure(bench, cluster, notes);
      notes.push(
        `processes that wanted a core, a minute's mean: ${loadBefore.toFixed(1)} before this, ` +
          `${loadavg()[0]?.toFixed(1)} at its end, on ${bench.place.cores.count} cores`,
      );
      return {
        columns: PUSH_COLUMNS,
        rows: pushRows(results),
        figures: pushFigures(results),
        notes,
      };
    } finally {
      await cluster.stop();
    }
  },
};

async function measure(bench: Bench, cluster: MeshCluster, notes: string[]): Promise<PushResults> {
  const scale = bench.scale.quick ? QUICK : FULL;
  const { services, routes } = scale;
  const own = Array.from({ length: USES }, (_, at) => routes + at);
  await cluster.fill(routes, routes + USES, scale);
  let control = await ControlProcess.start(bench.place, await cluster.controlKubeconfig());
  const sidecars = async (mesh: string) => {
    return await measureSidecars(bench, cluster, own, { times: scale.sidecars, mesh, notes });
  };
  const sidecarSmallMb = await sidecars(`${USES} Services`);
  bench.say(`filling the mesh: ${services} Services, ${services * 3} pods, ${routes} routes`);
  await cluster.fill(0, routes, scale);
  await cluster.fill(routes + USES, services, scale);
  const sidecarWholeMb = await sidecars(`${services} Services`);

  const crowd = await Crowd.gather(cluster, proxiesOf(scale));
  const statuses = new AppliedWatch(cluster.client);
  try {
    await statuses.start();
    const connecting = crowd.becomesCurrent(CONNECT_LIMIT_MS);
    crowd.connect();
    await connecting;
    bench.say(`${crowd.size} proxies are connected, ${mb(control)}`);
    const stage: Stage = { cluster, size: scale, control, crowd, statuses };
    const wide = await changes(bench, stage, { index: 0, scale, readers: crowd.size });
    const narrow = await changes(bench, stage, { index: 1, scale, readers: NARROW });
    const { privateMb } = control.memory();
    let residentMb = control.peakResidentMb();
    const cuts: ReconnectFigures[] = [];
    for (let turn = 0; turn < scale.cuts; turn++) {
      cuts.push(await cutAll(cluster, control, crowd));
      say(bench, `connections cut: ${ms(cuts.at(-1)!.allMs)}`, control);
    }
    residentMb = Math.max(residentMb, control.peakResidentMb());
    const restarts: (ReconnectFigures & { startMs: number })[] = [];
    for (let turn = 0; turn < scale.restarts; turn++) {
      const again = await restart(bench.place, { cluster, crowd, control });
      control = again.control;
      residentMb = Math.max(residentMb, control.peakResidentMb());
      restarts.push({ ...again.figures, startMs: again.startMs });
      say(
        bench,
        `restarted: ${ms(again.figures.allMs)}, of which start ${ms(again.startMs)}`,
        control,
      );
    }
    return {
      ...{ size: scale, wide, narrow, restarts, cuts, residentMb, privateMb },
      ...{ sidecarSmallMb, sidecarWholeMb },
    };
  } finally {
    crowd.stop();
    await statuses.close();
  }
}

async function changes(
  bench: Bench,
  stage: Stage,
  { index, scale, readers }: { index: number; scale: PushScale; readers: number },
): Promise<readonly ChangeFigures[]> {
  const seen: ChangeFigures[] = [];
  for (let turn = 1; turn <= scale.changes; turn++) {
    seen.push(await changeWeight(stage, index, { turn, takesCpu: turn <= scale.timedChanges }));
  }
  const last = median(seen.map(({ lastMs }) => lastMs));
  const status = median(seen.map(({ statusMs }) => statusMs));
  say(bench, `${readers} interested: all after ${ms(last)}, status ${ms(status)}`, stage.control);
  return seen;
}

async function measureSidecars(
  bench: Bench,
  cluster: MeshCluster,
  uses: readonly number[],
  { times, mesh, notes }: { times: number; mesh: string; notes: string[] },
): Promise<readonly number[]> {
  const seen: number[] = [];
  try {
    for (let turn = 0; turn < times; turn++) {
      seen.push(await sidecarMemory(bench.place, cluster, uses));
    }
    bench.say(`a proxy in a mesh of ${mesh}: ${median(seen).toFixed(2)} MB private`);
  } catch (error) {
    notes.push(
      `a proxy's memory in a mesh of ${mesh} was not measured: ${(error as Error).message}`,
    );
  }
  return seen;
}

function say(bench: Bench, what: string, control: ControlProcess): void {
  bench.say(`${what}; ${mb(control)}`);
}

function mb(control: ControlProcess): string {
  const { residentMb, privateMb } = control.memory();
  const peak = control.peakResidentMb().toFixed(0);
  return `${residentMb.toFixed(0)} MB resident (${peak} at most), ${privateMb.toFixed(0)} private`;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
