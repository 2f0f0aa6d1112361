/**
 * Changes of one weight through the API, each followed to every proxy and to its status.
 *
 * Counted from the moment before the API server is asked. The next change waits until the last one
 * is in its status, and some wait for five seconds, over which the control plane's processor time
 * is taken.
 *
 * Not pure. Called by the question.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppliedWatch } from './applied-watch.ts';
import type { ControlProcess } from './control-process.ts';
import type { Crowd } from './crowd.ts';
import type { MeshCluster } from './mesh-cluster.ts';
import { type MeshSize, namespaceOf, serviceName, WEIGHTS } from './mesh-objects.ts';
import { percentile } from './percentile.ts';

export interface Stage {
  readonly cluster: MeshCluster;
  readonly size: MeshSize;
  readonly control: ControlProcess;
  readonly crowd: Crowd;
  readonly statuses: AppliedWatch;
}

/** One change, in milliseconds after it was asked for. */
export interface ChangeFigures {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  readonly statusMs: number;
  /** Over the five seconds from it on; NaN: not taken. */
  readonly cpuSeconds: number;
  readonly stallMs: number;
  readonly strayBytes: number;
}

const LIMIT_MS = 60_000;
const CPU_WINDOW_MS = 5_000;
const PAUSE_MS = 700;

/** `takesCpu`: waits for its window to end. */
export async function changeWeight(
  { cluster, size, control, crowd, statuses }: Stage,
  index: number,
  { turn, takesCpu }: { readonly turn: number; readonly takesCpu: boolean },
): Promise<ChangeFigures> {
  const weight = WEIGHTS / 2 + 1 + turn; // Another at each turn, so that its line is known by it.
  const route = `${namespaceOf(index)}/${serviceName(index)}`;
  await control.longestStallMs();
  const cpuBefore = control.cpuSeconds();
  const startedAtMs = performance.now();
  const reaching = crowd.reached(cluster.addressOf(index), `"weight":${weight},`, LIMIT_MS);
  const [generation, { atMs, strayBytes }] = await Promise.all([
    cluster.setWeight(index, size, weight),
    reaching,
  ]);
  const statusAtMs = await statuses.applied(route, generation, LIMIT_MS);
  const restMs = takesCpu ? startedAtMs + CPU_WINDOW_MS - performance.now() : PAUSE_MS;
  await sleep(Math.max(0, restMs));
  const tookMs = atMs.map((each) => each - startedAtMs);
  return {
    medianMs: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
    lastMs: Math.max(...tookMs),
    statusMs: statusAtMs - startedAtMs,
    cpuSeconds: takesCpu ? control.cpuSeconds() - cpuBefore : Number.NaN,
    stallMs: await control.longestStallMs(),
    strayBytes,
  };
}
