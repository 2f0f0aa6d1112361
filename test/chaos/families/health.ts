/**
 * The adaptive limiter in health: bursts, steps and spreads of latency that it must not mistake
 * for overload. Whatever is not good counts as refused, since the server could do it all.
 *
 * The shapes are those in which Gradient2, Vegas, AIMD and fixed limits refused 3 to 52%.
 */
import { countBad, percent, tally } from '../figures.ts';
import type { Phase } from '../load/load-order.ts';
import type { Run } from '../scene.ts';
import type { Service } from '../upstream/behaviour.ts';
import { ONE_WORKER, workers } from '../upstream/services.ts';

interface Shape {
  readonly service: Service;
  readonly phases: readonly Phase[];
  /** What the server turns into, and when. */
  readonly later?: { readonly atMs: number; readonly service: Service };
}

const POOL = 64;
const MIXED: Service = {
  workers: POOL,
  times: [
    [0.9, 5],
    [0.1, 200],
  ],
};

const SHAPES: Readonly<Record<string, Shape>> = {
  'burst-of-short': { service: workers(POOL, 5), phases: burst(140) },
  'burst-of-long': { service: workers(POOL, 40), phases: burst(100) },
  'step-to-40': {
    service: workers(POOL, 5),
    phases: steady(500, 12),
    later: { atMs: 4_000, service: workers(POOL, 40) },
  },
  'step-to-100': {
    service: workers(POOL, 5),
    phases: steady(500, 12),
    later: { atMs: 4_000, service: workers(POOL, 100) },
  },
  'mixed-latencies': { service: MIXED, phases: steady(200, 12) },
  'cold-start': { service: workers(POOL, 5), phases: steady(500, 5) },
  'cold-server': {
    service: workers(POOL, 150),
    phases: steady(300, 5),
    later: { atMs: 1_000, service: workers(POOL, 5) },
  },
  'one-worker-70': { service: ONE_WORKER, phases: steady(140, 20) },
  'one-worker-85': { service: ONE_WORKER, phases: steady(170, 30) },
};

export const health: readonly Run[] = Object.entries(SHAPES).map(([name, shape]) => ({
  name,
  isComparable: false,
  async perform(scene) {
    const upstream = await scene.upstream(1, shape.service);
    const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
    const load = await scene.openLoop({ ports: [sidecar.port], phases: shape.phases });
    if (shape.later !== undefined) {
      await load.at(shape.later.atMs);
      await upstream.serve(shape.later.service);
    }
    const report = await load.report;
    const { offered } = tally(report);
    const refused = countBad(report);
    return { refused, refusedPercent: percent({ good: refused, offered }) };
  },
}));

function steady(ratePerSecond: number, seconds: number): readonly Phase[] {
  return [{ ratePerSecond, seconds }];
}

/** Ten times as much for a second. */
function burst(ratePerSecond: number): readonly Phase[] {
  return [
    { ratePerSecond, seconds: 4 },
    { ratePerSecond: 10 * ratePerSecond, seconds: 1 },
    { ratePerSecond, seconds: 3 },
  ];
}
