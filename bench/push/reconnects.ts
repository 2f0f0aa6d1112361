/**
 * All proxies at once: their connections are cut, or the control plane is killed and started again.
 *
 * The second is the worst there is: one replica alone, which knows neither an object nor a token.
 * It is counted from the kill, so its start is in it.
 *
 * Not pure. Called by the question.
 */
import type { Place } from '../peers/peer.ts';
import { ControlProcess } from './control-process.ts';
import type { Crowd } from './crowd.ts';
import type { MeshCluster } from './mesh-cluster.ts';
import { percentile } from './percentile.ts';

/** In milliseconds after the connections were gone. */
export interface ReconnectFigures {
  readonly medianMs: number;
  readonly allMs: number;
  /** Of the control plane until then. */
  readonly cpuSeconds: number;
  readonly stallMs: number;
  readonly tokenReviews: number;
  /** Streams that did not open, beside those that were ended. */
  readonly failures: number;
}

export interface Restarted {
  readonly control: ControlProcess;
  readonly figures: ReconnectFigures;
  /** From the kill to the line that says that it serves. */
  readonly startMs: number;
}

const LIMIT_MS = 180_000;

export async function cutAll(
  cluster: MeshCluster,
  control: ControlProcess,
  crowd: Crowd,
): Promise<ReconnectFigures> {
  await control.longestStallMs();
  const cpuBefore = control.cpuSeconds();
  const seen = await recovery(cluster, crowd, async () => crowd.cut());
  const cpuSeconds = control.cpuSeconds() - cpuBefore;
  return { ...seen, cpuSeconds, stallMs: await control.longestStallMs() };
}

export async function restart(
  place: Place,
  { cluster, crowd, control }: { cluster: MeshCluster; crowd: Crowd; control: ControlProcess },
): Promise<Restarted> {
  const kubeconfig = await cluster.controlKubeconfig();
  const startedAtMs = performance.now();
  let startMs = Number.NaN;
  let next = control;
  const seen = await recovery(cluster, crowd, async () => {
    await control.kill();
    next = await ControlProcess.start(place, kubeconfig);
    startMs = performance.now() - startedAtMs;
  });
  const cpuSeconds = next.cpuSeconds();
  const figures = { ...seen, cpuSeconds, stallMs: await next.longestStallMs() };
  return { control: next, figures, startMs };
}

async function recovery(
  cluster: MeshCluster,
  crowd: Crowd,
  interrupt: () => Promise<void>,
): Promise<Omit<ReconnectFigures, 'cpuSeconds' | 'stallMs'>> {
  const reviewsBefore = await cluster.tokenReviews();
  const lossesBefore = crowd.losses;
  const startedAtMs = performance.now();
  const recovering = crowd.becomesCurrent(LIMIT_MS);
  const [atMs] = await Promise.all([recovering, interrupt()]);
  const tookMs = atMs.map((each) => each - startedAtMs);
  return {
    medianMs: percentile(tookMs, 0.5),
    allMs: Math.max(...tookMs),
    tokenReviews: (await cluster.tokenReviews()) - reviewsBefore,
    failures: crowd.losses - lossesBefore - crowd.size,
  };
}
