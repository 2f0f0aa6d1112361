/**
 * A control plane that is killed, comes back, and is fed poison, while traffic flows.
 *
 * The poison is 30 objects: YAML that is none, settings out of bounds, patterns that explode, and
 * routes of our Service that would lead astray. After all that a good change must still arrive,
 * which is seen at the upstream and not asked of anybody.
 */
import { countBad, goodPercent } from '../figures.ts';
import type { Run } from '../scene.ts';
import { GovernedMesh } from '../subjects/governed-mesh.ts';
import { poisons } from '../subjects/poisons.ts';
import { QUICK } from '../upstream/services.ts';

const RATE = 200;
const SECONDS = 12;
const KILLED_MS = 2_000;
const BACK_MS = 4_000;
const POISONED_MS = 5_500;
const CHANGED_MS = 8_000;

export const controlPlane: Run = {
  name: 'control-plane',
  isComparable: false,
  async perform(scene) {
    const before = await scene.upstream(1, QUICK);
    const after = await scene.upstream(1, QUICK);
    const plan = { name: 'api', endpoints: before.ports };
    const { mesh, sidecar } = await GovernedMesh.start(scene, scene.remora, { plan });
    const load = await scene.openLoop({
      ports: [sidecar.outbound],
      phases: [{ ratePerSecond: RATE, seconds: SECONDS }],
    });
    await load.at(KILLED_MS);
    mesh.kill();
    await load.at(BACK_MS);
    await mesh.startControlPlane();
    await load.at(POISONED_MS);
    for (const poison of poisons) mesh.add(poison);
    await load.at(CHANGED_MS);
    mesh.put({ name: 'api', endpoints: after.ports });
    const report = await load.report;
    const firstAtMs = (await after.count()).arrivals[0]?.[0];
    return {
      bad: countBad(report),
      successPercent: goodPercent(report),
      changeS: firstAtMs === undefined ? null : (firstAtMs - load.startAtMs - CHANGED_MS) / 1_000,
      alive: mesh.isAlive && !sidecar.process.hasEnded ? 1 : 0,
      poisons: poisons.length,
    };
  },
};
