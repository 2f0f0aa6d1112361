/**
 * 100,000 POSTs to an upstream that resets connections at random, half of them before a request was
 * executed and half after: from outside both look the same, and a payment sent again is paid twice.
 *
 * A POST that fails is fine here; one that was executed twice is not. The upstream counts.
 */
import { duplicates, goodPercent, tally, upstreamLoad } from '../figures.ts';
import type { Run } from '../scene.ts';
import { faulty } from '../upstream/behaviour.ts';
import { INSTANT } from '../upstream/services.ts';

const ENDPOINTS = 4;
const RATE = 4_000;
const SECONDS = 25;
const RESET_SHARE = 0.02;

export const postsUnderResets: Run = {
  name: 'posts-under-resets',
  isComparable: true,
  async perform(scene) {
    const upstream = await scene.upstream(ENDPOINTS, INSTANT);
    const behaviour = faulty('reset-around', { share: RESET_SHARE });
    for (let at = 0; at < ENDPOINTS; at++) await upstream.behave(at, behaviour);
    const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
    const report = await scene.playLoad({
      ports: [sidecar.port],
      method: 'POST',
      phases: [{ ratePerSecond: RATE, seconds: scene.quick ? 2 : SECONDS }],
    });
    const { arrivals, executed } = await upstream.count();
    return {
      duplicates: duplicates(executed),
      offered: tally(report).offered,
      successPercent: goodPercent(report),
      load: upstreamLoad(report, arrivals),
    };
  },
};
