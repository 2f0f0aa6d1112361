/**
 * The overload: a server of 200 requests/s is offered 400/s for fifteen seconds.
 *
 * Alone before the server, from the first request on that the proxy ever sees. Then with the
 * limiter where it mainly sits, in the server's own inbound sidecar, and 4 or 16 sidecars calling
 * it, after three seconds at half of what it can answer. One request in ten is critical in the
 * last run.
 */
import { freePorts } from '../../../bench/machine/free-ports.ts';
import {
  countBad,
  goodputPercent,
  goodQuantileMs,
  percent,
  tally,
  upstreamLoad,
} from '../figures.ts';
import type { Figures } from '../judge.ts';
import type { LoadReport } from '../load/load-order.ts';
import { type Run, type Scene, type Upstream, WARM_SECONDS } from '../scene.ts';
import { compileMesh, type ServicePlan } from '../subjects/mesh.ts';
import { startRemora, writeSnapshot } from '../subjects/remora.ts';
import { ONE_WORKER, ONE_WORKER_PER_SECOND } from '../upstream/services.ts';

const RATE = 2 * ONE_WORKER_PER_SECOND;
const SECONDS = 15;
const SETTLED_MS = 3_000;
const CRITICAL_SHARE = 0.1;
const WARM_RATE = ONE_WORKER_PER_SECOND / 2;

export const overload: Run = {
  name: 'overload',
  isComparable: true,
  async perform(scene) {
    const upstream = await scene.warmUpstream(1, ONE_WORKER, WARM_RATE);
    const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
    return await measure(scene, upstream, [sidecar.port], { criticalShare: 0, warmSeconds: 0 });
  },
};

export const overloadFrom4: Run = inMesh('overload-4', 4, false);
export const overloadFrom16: Run = inMesh('overload-16', 16, false);
export const overloadCritical: Run = inMesh('overload-critical', 4, true);

function inMesh(name: string, callers: number, hasCriticalClass: boolean): Run {
  return {
    name,
    isComparable: false,
    async perform(scene) {
      const upstream = await scene.upstream(1, ONE_WORKER);
      const ports = await startMesh(scene, upstream, callers, hasCriticalClass);
      const criticalShare = hasCriticalClass ? CRITICAL_SHARE : 0;
      return await measure(scene, upstream, ports, { criticalShare, warmSeconds: WARM_SECONDS });
    },
  };
}

/** One inbound sidecar beside the server, and the callers' outbound ones; their ports. */
async function startMesh(
  scene: Scene,
  upstream: Upstream,
  callers: number,
  hasCriticalClass: boolean,
): Promise<readonly number[]> {
  const [inbound = 0] = await freePorts(1);
  const plan: ServicePlan = { name: 'api', instances: [inbound], hasCriticalClass };
  const mesh = compileMesh([plan], plan.name);
  const snapshot = ['--snapshot', writeSnapshot(scene, mesh)];
  const app = `127.0.0.1:${upstream.ports[0]}`;
  const flags = ['--inbound', `127.0.0.1:${inbound}`, '--app', app, ...snapshot];
  await startRemora(scene, scene.remora, { name: 'api-0', flags });
  const names = Array.from({ length: callers }, (_, at) => `client-${at}`);
  const proxies = await Promise.all(
    names.map((name) =>
      startRemora(scene, scene.remora, {
        name,
        flags: ['--outbound', '127.0.0.1:0', ...snapshot],
      }),
    ),
  );
  return proxies.map((proxy) => proxy.outbound);
}

async function measure(
  scene: Scene,
  upstream: Upstream,
  ports: readonly number[],
  { criticalShare, warmSeconds }: { criticalShare: number; warmSeconds: number },
): Promise<Figures> {
  const seconds = scene.quick ? 6 : SECONDS;
  const warm = { ratePerSecond: WARM_RATE, seconds: warmSeconds };
  const phases = [...(warmSeconds > 0 ? [warm] : []), { ratePerSecond: RATE, seconds }];
  const report: LoadReport = await scene.playLoad({ ports, phases, criticalShare });
  const { arrivals } = await upstream.count();
  const onsetMs = warmSeconds * 1_000;
  const overloaded = { fromMs: onsetMs, untilMs: Number.POSITIVE_INFINITY };
  const settled = { ...overloaded, fromMs: onsetMs + SETTLED_MS };
  return {
    goodputPercent: goodputPercent(report, ONE_WORKER_PER_SECOND, seconds, overloaded),
    p99Ms: goodQuantileMs(report, 0.99, overloaded),
    settledP99Ms: goodQuantileMs(report, 0.99, settled),
    criticalPercent: percent(tally(report, overloaded, true)),
    bad: countBad(report, overloaded),
    successPercent: percent(tally(report, overloaded)),
    load: upstreamLoad(report, arrivals),
  };
}
