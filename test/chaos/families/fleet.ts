/**
 * Some of ten endpoints fail while the others could carry everything.
 *
 * Three fail at once, each in its own way, under 50,000 GETs: nobody should notice, and the seven
 * others should share the load evenly. Then one fails and heals again: whether it was left out is
 * read from what arrived at it, under a fifth of its share for a second, so that a balancer that
 * shuns it counts as much as one that calls it ejected.
 */
import {
  goodPercent,
  secondsUntilBack,
  secondsUntilShunned,
  upstreamLoad,
  worstShare,
} from '../figures.ts';
import type { Run } from '../scene.ts';
import { type Behaviour, faulty, healthy } from '../upstream/behaviour.ts';
import { QUICK } from '../upstream/services.ts';

const ENDPOINTS = 10;
const FLOOD_RATE = 2_500;
const FLOOD_SECONDS = 20;
const RATE = 300;
const ONSET_MS = 2_000;
const HEALED_MS = 9_000;
const SECONDS = 20;
const GRACE_MS = 2_000;

export const threeOfTen: Run = {
  name: 'three-of-ten',
  isComparable: true,
  async perform(scene) {
    const upstream = await scene.warmUpstream(ENDPOINTS, QUICK, FLOOD_RATE / 2);
    const plan = { name: 'api', endpoints: upstream.ports, retriedStatuses: [503] };
    const sidecar = await scene.front(plan);
    const failures = ['refuse', 'reset-before-head', 'status-503'] as const;
    for (const [at, fault] of failures.entries()) await upstream.behave(at, faulty(fault));
    const seconds = scene.quick ? 2 : FLOOD_SECONDS;
    const phases = [{ ratePerSecond: FLOOD_RATE, seconds }];
    const report = await scene.playLoad({ ports: [sidecar.port], phases });
    const { arrivals } = await upstream.count();
    return {
      worstShare: worstShare(arrivals.slice(failures.length)),
      successPercent: goodPercent(report),
      load: upstreamLoad(report, arrivals),
    };
  },
};

export const oneOfTen: readonly Run[] = [
  oneFails('one-slow', faulty('slow', { slowMs: 500 })),
  oneFails('one-black-holed', faulty('stall')),
  oneFails('one-failing', faulty('status-503')),
];

function oneFails(name: string, behaviour: Behaviour): Run {
  return {
    name,
    isComparable: true,
    async perform(scene) {
      const upstream = await scene.upstream(ENDPOINTS, QUICK);
      const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
      const phases = [{ ratePerSecond: RATE, seconds: SECONDS }];
      const load = await scene.openLoop({ ports: [sidecar.port], phases });
      await load.at(ONSET_MS);
      const onsetMs = await upstream.behave(0, behaviour);
      await load.at(HEALED_MS);
      const healedMs = await upstream.behave(0, healthy);
      const report = await load.report;
      const { arrivals } = await upstream.count();
      const endMs = load.startAtMs + SECONDS * 1_000;
      const share = RATE / ENDPOINTS;
      const onset = { fromMs: onsetMs, untilMs: healedMs };
      return {
        goodPercent: goodPercent(report, {
          fromMs: onsetMs - load.startAtMs + GRACE_MS,
          untilMs: Number.POSITIVE_INFINITY,
        }),
        ejectedS: secondsUntilShunned(arrivals[0]!, onset, share),
        backS: secondsUntilBack(arrivals[0]!, { fromMs: healedMs, untilMs: endMs }, share),
        successPercent: goodPercent(report),
        load: upstreamLoad(report, arrivals),
      };
    },
  };
}
