/**
 * One endpoint of ten goes wrong in one way, and stays wrong: what do callers notice?
 *
 * 300 GETs/s; the fault begins after a second. Good is counted from two seconds after its onset;
 * answers that are somebody else's, or garbage passed on, are counted from the start, since no
 * grace makes those right. One run for each fault.
 */
import { goodPercent, upstreamLoad } from '../figures.ts';
import { ENDS, type LoadReport } from '../load/load-order.ts';
import type { Run } from '../scene.ts';
import { type Behaviour, faulty } from '../upstream/behaviour.ts';
import { QUICK } from '../upstream/services.ts';

const ENDPOINTS = 10;
const RATE = 300;
const SECONDS = 7;
const ONSET_MS = 1_000;
const GRACE_MS = 2_000;

const FAULTS: Readonly<Record<string, Behaviour>> = {
  refuses: faulty('refuse'),
  'resets-before-head': faulty('reset-before-head'),
  'resets-in-head': faulty('reset-in-head'),
  'resets-after-head': faulty('reset-after-head'),
  stalls: faulty('stall'),
  garbage: faulty('garbage'),
  'answers-twice': faulty('twice'),
  'closes-idle': faulty('idle-close-at-random', { idleMs: 50 }),
  'slow-for-some': faulty('slow', { share: 0.01, slowMs: 300 }),
};

export const endpointFaults: readonly Run[] = Object.entries(FAULTS).map(([name, behaviour]) => ({
  name,
  isComparable: true,
  async perform(scene) {
    const upstream = await scene.upstream(ENDPOINTS, QUICK);
    const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
    const seconds = scene.quick ? 5 : SECONDS;
    const load = await scene.openLoop({
      ports: [sidecar.port],
      phases: [{ ratePerSecond: RATE, seconds }],
    });
    await load.at(ONSET_MS);
    const onsetAtMs = await upstream.behave(0, behaviour);
    const onsetMs = onsetAtMs - load.startAtMs;
    const report = await load.report;
    const { arrivals, unreadable } = await upstream.count();
    return {
      goodPercent: goodPercent(report, {
        fromMs: onsetMs + GRACE_MS,
        untilMs: Number.POSITIVE_INFINITY,
      }),
      /** Not a claim: a fault that nobody met proves nothing. */
      met: arrivals[0]!.filter((atMs) => atMs >= onsetAtMs).length,
      wrong: countEnds(report, ENDS.wrong, ENDS.garbled) + report.unasked + unreadable,
      successPercent: goodPercent(report),
      load: upstreamLoad(report, arrivals),
    };
  },
}));

function countEnds({ ends }: LoadReport, ...wanted: readonly number[]): number {
  return ends.reduce((count, end) => count + (wanted.includes(end) ? 1 : 0), 0);
}
