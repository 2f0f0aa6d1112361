/**
 * SIGTERM under load, in health and in each kind of trouble: no accepted request is lost.
 *
 * A request is lost when its connection ended without an answer although the upstream executed it,
 * or although it had been written a while before. A connection that the proxy closes in the very
 * instant in which the client writes is no loss: the request was never accepted, and HTTP lets the
 * client send it again. Neither is one that came when nobody listened any more.
 */
import { once } from 'node:events';
import type { Figures } from '../judge.ts';
import { ENDS, type LoadReport } from '../load/load-order.ts';
import type { Spawned } from '../machine/programs.ts';
import type { Run, Scene, Upstream } from '../scene.ts';
import { GovernedMesh } from '../subjects/governed-mesh.ts';
import { withFewDescriptors, withFullDisk, withBlockedLog } from '../subjects/starved.ts';
import { type Fault, faulty, type Service } from '../upstream/behaviour.ts';
import { ONE_WORKER, QUICK, workers } from '../upstream/services.ts';

const SECONDS = 4;
const SIGNALLED_MS = 2_000;
/** Written so long before its connection ended, a request was accepted. */
const ACCEPTED_AFTER_MS = 50;
const EXIT_WAIT_MS = 30_000;

interface Started {
  readonly port: number;
  readonly process: Spawned;
}

interface Trouble {
  readonly service?: Service;
  readonly ratePerSecond?: number;
  readonly fault?: Fault;
  readonly start?: (scene: Scene, upstream: Upstream) => Promise<Started>;
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  healthy: {},
  'slow-answers': { service: workers(64, 150) },
  refusing: { fault: 'refuse' },
  stalling: { fault: 'stall' },
  resetting: { fault: 'reset-before-head' },
  overloaded: { service: ONE_WORKER, ratePerSecond: 400 },
  'control-plane-killed': { start: withoutControlPlane },
  'full-disk': {
    start: async (scene, upstream) =>
      started((await withFullDisk(scene, planOf(upstream))).sidecar),
  },
  'blocked-log': {
    fault: 'reset-before-head',
    start: async (scene, upstream) => started(await withBlockedLog(scene, planOf(upstream))),
  },
  'few-descriptors': {
    start: async (scene, upstream) => started(await withFewDescriptors(scene, planOf(upstream))),
  },
};

export const sigterm: readonly Run[] = Object.entries(TROUBLES).map(([name, trouble]) => ({
  name: `sigterm-${name}`,
  isComparable: false,
  perform: (scene) => play(scene, trouble),
}));

async function play(scene: Scene, trouble: Trouble): Promise<Figures> {
  const upstream = await scene.upstream(3, trouble.service ?? QUICK);
  if (trouble.service === ONE_WORKER)
    for (const at of [1, 2]) await upstream.behave(at, faulty('refuse'));
  if (trouble.fault !== undefined) await upstream.behave(0, faulty(trouble.fault));
  const sidecar = await (trouble.start ?? plain)(scene, upstream);
  const load = await scene.openLoop({
    ports: [sidecar.port],
    phases: [{ ratePerSecond: trouble.ratePerSecond ?? 200, seconds: SECONDS }],
  });
  await load.at(SIGNALLED_MS);
  const exited = once(sidecar.process.child, 'exit', {
    signal: AbortSignal.timeout(EXIT_WAIT_MS),
  });
  sidecar.process.child.kill('SIGTERM');
  const exitS = await exited.then(
    ([code]) => (code === 0 ? (Date.now() - load.startAtMs - SIGNALLED_MS) / 1_000 : null),
    () => null,
  );
  const report = await load.report;
  const { executed } = await upstream.count();
  return { lost: lostIn(report, executed), exitS };
}

/** Tests: `figures.test.ts`. */
export function lostIn(report: LoadReport, executed: Uint8Array): number {
  let lost = 0;
  for (let at = 0; at < report.ends.length; at++) {
    if (report.ends[at] !== ENDS.cut) continue;
    const endedMs = report.dueMs[at]! + report.tookMs[at]!;
    const wasAccepted = endedMs - report.sentMs[at]! >= ACCEPTED_AFTER_MS;
    if (wasAccepted || executed[report.firstKey + at]! > 0) lost++;
  }
  return lost;
}

async function plain(scene: Scene, upstream: Upstream): Promise<Started> {
  return await scene.front(planOf(upstream));
}

async function withoutControlPlane(scene: Scene, upstream: Upstream): Promise<Started> {
  const plan = planOf(upstream);
  const { mesh, sidecar } = await GovernedMesh.start(scene, scene.remora, { plan });
  setTimeout(() => mesh.kill(), SIGNALLED_MS / 2);
  return started(sidecar);
}

function started({ outbound, process }: { outbound: number; process: Spawned }): Started {
  return { port: outbound, process };
}

function planOf(upstream: Upstream) {
  return { name: 'api', endpoints: upstream.ports };
}
