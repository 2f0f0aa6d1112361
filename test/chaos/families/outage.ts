/**
 * The outage: a server of 200 requests/s, 140/s offered, frozen for ten seconds.
 *
 * Frozen, it still accepts and reads, and works off afterwards all it was sent, whoever has left:
 * a proxy that kept sending pays for it after the thaw. Several runs, each with arrivals of its
 * own; the worst counts. A peer plays it once, which is to its advantage.
 */
import {
  countBad,
  goodPercent,
  least,
  recoverySeconds,
  upstreamLoad,
  wasted,
  worst,
} from '../figures.ts';
import type { Figures } from '../judge.ts';
import type { Run, Scene } from '../scene.ts';
import { ONE_WORKER } from '../upstream/services.ts';

const RATE = 140;
const HEALTHY_S = 8;
const FROZEN_S = 10;
const AFTER_S = 32;
const RUNS = 5;
const PEER_RUNS = 1;
const GRACE_MS = 500;

export const outage: Run = {
  name: 'outage',
  isComparable: true,
  async perform(scene) {
    const runs: Figures[] = [];
    const count = scene.quick || scene.subject.name !== 'Remora' ? PEER_RUNS : RUNS;
    for (let run = 0; run < count; run++) runs.push(await oneRun(scene));
    const all = (figure: string) => runs.map((figures) => figures[figure] ?? null);
    return {
      recoveryS: worst(all('recoveryS')),
      badAfterGrace: worst(all('badAfterGrace')),
      goodAfterPercent: least(all('goodAfterPercent')),
      wasted: worst(all('wasted')),
      successPercent: least(all('successPercent')),
      load: worst(all('load')),
    };
  },
};

async function oneRun(scene: Scene): Promise<Figures> {
  const afterS = scene.quick ? 8 : AFTER_S;
  const upstream = await scene.upstream(1, ONE_WORKER);
  const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
  const load = await scene.openLoop({
    ports: [sidecar.port],
    phases: [{ ratePerSecond: RATE, seconds: HEALTHY_S + FROZEN_S + afterS }],
  });
  await load.at(HEALTHY_S * 1_000);
  await upstream.freeze();
  await load.at((HEALTHY_S + FROZEN_S) * 1_000);
  const thawMs = (await upstream.thaw()) - load.startAtMs;
  const report = await load.report;
  const { arrivals } = await upstream.count();
  await scene.programs.endAll();
  const after = { fromMs: thawMs, untilMs: Number.POSITIVE_INFINITY };
  return {
    recoveryS: recoverySeconds(report, thawMs),
    badAfterGrace: countBad(report, { ...after, fromMs: thawMs + GRACE_MS }),
    goodAfterPercent: goodPercent(report, after),
    wasted: wasted(report, arrivals),
    successPercent: goodPercent(report),
    load: upstreamLoad(report, arrivals),
  };
}
