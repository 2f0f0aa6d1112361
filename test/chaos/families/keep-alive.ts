/**
 * Stale keep-alive: an upstream that drops idle connections at 100 ms without notice, and clients
 * that come back after 99 to 102 ms, which is when a request and a FIN pass each other.
 *
 * GETs and POSTs, each with an upstream of its own. Failures count once 20 closes were there to be
 * learned from; a request executed twice counts from the start.
 */
import { countBad, duplicates, goodPercent, upstreamLoad } from '../figures.ts';
import type { Figures } from '../judge.ts';
import type { Run, Scene } from '../scene.ts';
import { faulty } from '../upstream/behaviour.ts';
import { INSTANT } from '../upstream/services.ts';

const IDLE_MS = 100;
const CLIENTS = 8;
const WAVES = 200;
const CLOSES_TO_LEARN = 20;

export const staleKeepAlive: Run = {
  name: 'stale-keep-alive',
  isComparable: true,
  async perform(scene) {
    const [gets, posts] = await Promise.all([play(scene, 'GET'), play(scene, 'POST')]);
    return {
      getFailures: gets!['failures']!,
      postFailures: posts!['failures']!,
      duplicates: gets!['duplicates']! + posts!['duplicates']!,
      successPercent: Math.min(gets!['successPercent']!, posts!['successPercent']!),
      load: Math.max(gets!['load']!, posts!['load']!),
    };
  },
};

async function play(scene: Scene, method: 'GET' | 'POST'): Promise<Figures> {
  const upstream = await scene.upstream(1, INSTANT);
  await upstream.behave(0, faulty('idle-close', { idleMs: IDLE_MS }));
  const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
  const load = await scene.waves({
    ports: [sidecar.port],
    method,
    clients: CLIENTS,
    waves: scene.quick ? 40 : WAVES,
    gapMs: [IDLE_MS - 1, IDLE_MS + 2],
  });
  const report = await load.report;
  const { arrivals, executed, idleCloses } = await upstream.count();
  const learnedAtMs = idleCloses[CLOSES_TO_LEARN - 1];
  const fromMs = learnedAtMs === undefined ? 0 : learnedAtMs - load.startAtMs;
  return {
    failures: countBad(report, { fromMs, untilMs: Number.POSITIVE_INFINITY }),
    duplicates: duplicates(executed),
    successPercent: goodPercent(report),
    load: upstreamLoad(report, arrivals),
  };
}
