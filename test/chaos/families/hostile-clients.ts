/**
 * Clients that take what they can: slow heads, huge heads, idle connections, slow readers.
 *
 * What is asked is what the others notice, and what it costs the proxy: memory is the private part
 * (`Private_Dirty`), which is what a sidecar takes from its node.
 */
import { memoryOf } from '../../../bench/machine/process-figures.ts';
import { percent, tally } from '../figures.ts';
import type { HostileOrder, HostileReport } from '../load/hostile-order.ts';
import { sleepMs } from '../machine/orders.ts';
import type { Ordered } from '../machine/programs.ts';
import type { Run, Scene } from '../scene.ts';
import { NAMESPACE } from '../subjects/mesh.ts';
import type { Sidecar } from '../subjects/subject.ts';
import { INSTANT, QUICK } from '../upstream/services.ts';

const RATE = 200;
const DRIPPING = 2_000;
const DRIP_SECONDS = 14;
const BOMBS = 200;
const IDLE = 10_000;
const SETTLE_MS = 3_000;
const READ_BYTES_PER_SECOND = 10_000_000;
const READ_SECONDS = 60;
const READ_WARM_S = 10;
const READER_WAIT_MS = 10_000;

export const slowHeads: Run = {
  name: 'slow-heads',
  isComparable: false,
  async perform(scene) {
    const { hostile, sidecar } = await stage(scene);
    const seconds = DRIP_SECONDS + 2;
    const load = await scene.openLoop({
      ports: [sidecar.port],
      phases: [{ ratePerSecond: RATE, seconds }],
    });
    const order = { port: sidecar.port, connections: DRIPPING, seconds: DRIP_SECONDS };
    const { opened, longestS, left } = await hostile.ask({ do: 'drip', ...order });
    const success = percent(tally(await load.report));
    return { othersPercent: success, opened, longestS, left };
  },
};

export const hugeHeads: Run = {
  name: 'huge-heads',
  isComparable: false,
  async perform(scene) {
    const { hostile, sidecar } = await stage(scene);
    const load = await scene.openLoop({
      ports: [sidecar.port],
      phases: [{ ratePerSecond: RATE, seconds: 6 }],
    });
    await load.at(1_000);
    const beforeMb = privateMb(sidecar);
    const { accepted, left } = await hostile.ask({
      do: 'bomb',
      port: sidecar.port,
      connections: BOMBS,
    });
    const success = percent(tally(await load.report));
    return {
      othersPercent: success,
      accepted: accepted + left,
      grownMb: privateMb(sidecar) - beforeMb,
    };
  },
};

export const idleConnections: Run = {
  name: 'idle-connections',
  isComparable: false,
  async perform(scene) {
    const { hostile, sidecar } = await stage(scene);
    const phases = [{ ratePerSecond: 500, seconds: 4 }];
    await scene.playLoad({ ports: [sidecar.port], phases }); // Warm, as a sidecar is.
    await sleepMs(SETTLE_MS);
    const beforeMb = privateMb(sidecar);
    const connections = scene.quick ? IDLE / 5 : IDLE;
    const order = { port: sidecar.port, host: `api.${NAMESPACE}`, connections };
    const { opened } = await hostile.ask({ do: 'idle', ...order });
    await sleepMs(SETTLE_MS);
    const grownKib = ((privateMb(sidecar) - beforeMb) * 1_000_000) / 1_024;
    const { left } = await hostile.ask({ do: 'release' });
    return { opened, kibEach: left === 0 ? null : grownKib / left, lost: connections - left };
  },
};

export const slowReader: Run = {
  name: 'slow-reader',
  isComparable: false,
  async perform(scene) {
    const { sidecar } = await stage(scene);
    const seconds = scene.quick ? 8 : READ_SECONDS;
    const warmS = scene.quick ? 3 : READ_WARM_S;
    const order = {
      port: sidecar.port,
      host: `api.${NAMESPACE}`,
      path: '/bytes/4000000000',
      connections: 1,
      seconds,
      bytesPerSecond: READ_BYTES_PER_SECOND,
    };
    const reader = scene.programs.spawn('reader', [
      ...[process.execPath, '--disable-warning=ExperimentalWarning'],
      new URL('../../../bench/load/download.ts', import.meta.url).pathname,
      JSON.stringify(order),
    ]);
    const samplesMb: number[] = [];
    for (let second = 1; second < seconds; second++) {
      await sleepMs(1_000);
      if (second >= warmS) samplesMb.push(privateMb(sidecar));
    }
    await reader.ended(READER_WAIT_MS);
    const { bytes } = JSON.parse(reader.output || '{"bytes":0}') as { readonly bytes: number };
    const first = samplesMb[0] ?? Number.NaN;
    return { grownMb: Math.max(...samplesMb) - first, mbPerSecond: bytes / seconds / 1_000_000 };
  },
};

async function stage(scene: Scene): Promise<{
  readonly sidecar: Sidecar;
  readonly hostile: Ordered<HostileOrder, HostileReport>;
}> {
  const upstream = await scene.upstream(2, scene.quick ? INSTANT : QUICK);
  const sidecar = await scene.front({ name: 'api', endpoints: upstream.ports });
  const file = new URL('../load/hostile-program.ts', import.meta.url);
  return { sidecar, hostile: scene.programs.fork<HostileOrder, HostileReport>(file) };
}

function privateMb(sidecar: Sidecar): number {
  return memoryOf(sidecar.process.pid)?.privateMb ?? Number.NaN;
}
