/**
 * A sidecar that wants for something while traffic flows: descriptors, disk, a reader of its log.
 */
import { connect, type Socket } from 'node:net';
import { memoryOf } from '../../../bench/machine/process-figures.ts';
import { DEADLINE_MS, goodPercent, percent } from '../figures.ts';
import type { LoadReport } from '../load/load-order.ts';
import { sleepMs } from '../machine/orders.ts';
import type { Run } from '../scene.ts';
import {
  DESCRIPTORS,
  linesDropped,
  withFewDescriptors,
  withFullDisk,
  withBlockedLog,
} from '../subjects/starved.ts';
import { faulty } from '../upstream/behaviour.ts';
import { INSTANT, QUICK } from '../upstream/services.ts';

const HOARDED = 2 * DESCRIPTORS;
const HOARD_MS = 1_000;
const RELEASE_MS = 4_000;
const GRACE_MS = 2_000;
const RATE = 200;
const LOG_RATE = 400;
const LOG_SECONDS = 8;
const SWITCH_MS = 2_000;

export const fewDescriptors: Run = {
  name: 'few-descriptors',
  isComparable: false,
  async perform(scene) {
    const upstream = await scene.upstream(2, QUICK);
    const sidecar = await withFewDescriptors(scene, { name: 'api', endpoints: upstream.ports });
    const load = await scene.openLoop({
      ports: [sidecar.outbound],
      phases: [{ ratePerSecond: RATE, seconds: 9 }],
    });
    await load.at(HOARD_MS);
    const hoarded = Array.from({ length: HOARDED }, () => hoard(sidecar.outbound));
    await load.at(RELEASE_MS);
    for (const socket of hoarded) socket.destroy();
    const report = await load.report;
    const span = { fromMs: RELEASE_MS + GRACE_MS, untilMs: Number.POSITIVE_INFINITY };
    const during = { fromMs: HOARD_MS, untilMs: RELEASE_MS };
    return {
      recoveredPercent: sidecar.process.hasEnded ? null : goodPercent(report, span),
      duringPercent: goodPercent(report, during),
    };
  },
};

export const fullDisk: Run = {
  name: 'full-disk',
  isComparable: false,
  async perform(scene) {
    const before = await scene.upstream(1, QUICK);
    const after = await scene.upstream(1, QUICK);
    const plan = { name: 'api', endpoints: before.ports };
    const { mesh, sidecar } = await withFullDisk(scene, plan);
    const load = await scene.openLoop({
      ports: [sidecar.outbound],
      phases: [{ ratePerSecond: RATE, seconds: 6 }],
    });
    await load.at(SWITCH_MS);
    mesh.put({ name: 'api', endpoints: after.ports });
    const report = await load.report;
    const { arrivals } = await after.count();
    const firstAtMs = arrivals[0]?.[0];
    return {
      successPercent: goodPercent(report),
      changeS: firstAtMs === undefined ? null : (firstAtMs - load.startAtMs - SWITCH_MS) / 1_000,
    };
  },
};

export const blockedLog: Run = {
  name: 'blocked-log',
  isComparable: false,
  async perform(scene) {
    const upstream = await scene.upstream(2, INSTANT);
    for (const at of [0, 1]) {
      await upstream.behave(at, faulty('reset-before-head', { share: 0.5 }));
    }
    const sidecar = await withBlockedLog(scene, { name: 'api', endpoints: upstream.ports });
    const seconds = scene.quick ? 3 : LOG_SECONDS;
    const load = await scene.openLoop({
      ports: [sidecar.outbound],
      method: 'POST',
      phases: [{ ratePerSecond: LOG_RATE, seconds }],
    });
    await load.at(1_000);
    const beforeMb = memoryOf(sidecar.process.pid)?.privateMb ?? Number.NaN;
    const report = await load.report;
    await sleepMs(200);
    const afterMb = memoryOf(sidecar.process.pid)?.privateMb ?? Number.NaN;
    return {
      answeredPercent: answeredPercent(report),
      grownMb: afterMb - beforeMb,
      dropped: await linesDropped(sidecar),
    };
  },
};

/** Answered in time, whatever the answer: half of the requests meet a reset. */
function answeredPercent({ ends, tookMs }: LoadReport): number | null {
  let good = 0;
  for (let at = 0; at < ends.length; at++) {
    if (ends[at]! > 0 && tookMs[at]! <= DEADLINE_MS) good++;
  }
  return percent({ good, offered: ends.length });
}

function hoard(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  return socket;
}
