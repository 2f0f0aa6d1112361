/**
 * Three tiers of sidecars and a leaf that freezes: does work multiply on its way down?
 *
 *   load -> client's sidecar -> A's sidecar -> A -> A's sidecar -> B's sidecar -> B -> ... -> leaf
 *
 * Each tier that tries three times makes nine or 27 requests of one. A and B are applications that
 * wait for what they called and pass on the trace, as most do, and no deadline.
 */
import { freePorts } from '../../../bench/machine/free-ports.ts';
import { goodPercent, recoverySeconds, upstreamLoad } from '../figures.ts';
import type { Run, Scene } from '../scene.ts';
import { compileMesh, NAMESPACE } from '../subjects/mesh.ts';
import { startRemora, writeSnapshot } from '../subjects/remora.ts';
import { INSTANT, ONE_WORKER } from '../upstream/services.ts';

const RATE = 140;
const FROZEN_MS = 4_000;
const THAWED_MS = 10_000;
const SECONDS = 16;

export const tiers: Run = {
  name: 'three-tiers',
  isComparable: false,
  async perform(scene) {
    const leaf = await scene.upstream(1, ONE_WORKER);
    const port = await startTiers(scene, leaf.ports);
    const load = await scene.openLoop({
      ports: [port],
      host: `a.${NAMESPACE}`,
      phases: [{ ratePerSecond: RATE, seconds: SECONDS }],
    });
    await load.at(FROZEN_MS);
    await leaf.freeze();
    await load.at(THAWED_MS);
    const thawMs = (await leaf.thaw()) - load.startAtMs;
    const report = await load.report;
    const { arrivals } = await leaf.count();
    return {
      load: upstreamLoad(report, arrivals),
      recoveryS: recoverySeconds(report, thawMs),
      successPercent: goodPercent(report),
    };
  },
};

/** The port of the first sidecar. */
async function startTiers(scene: Scene, leafPorts: readonly number[]): Promise<number> {
  const [inA = 0, inB = 0, outA = 0, outB = 0] = await freePorts(4);
  const mesh = compileMesh([
    { name: 'a', instances: [inA] },
    { name: 'b', instances: [inB] },
    { name: 'leaf', endpoints: leafPorts },
  ]);
  const snapshot = ['--snapshot', writeSnapshot(scene, mesh)];
  const appA = await scene.upstream(1, INSTANT, { port: outA, host: `b.${NAMESPACE}` });
  const appB = await scene.upstream(1, INSTANT, { port: outB, host: `leaf.${NAMESPACE}` });
  const sidecars = [
    { name: 'a-0', inbound: inA, outbound: outA, app: appA.ports[0] },
    { name: 'b-0', inbound: inB, outbound: outB, app: appB.ports[0] },
  ];
  for (const { name, inbound, outbound, app } of sidecars) {
    const listeners = ['--inbound', `127.0.0.1:${inbound}`, '--outbound', `127.0.0.1:${outbound}`];
    const flags = [...listeners, '--app', `127.0.0.1:${app}`, ...snapshot];
    await startRemora(scene, scene.remora, { name, flags });
  }
  const flags = ['--outbound', '127.0.0.1:0', ...snapshot];
  return (await startRemora(scene, scene.remora, { name: 'client-0', flags })).outbound;
}
