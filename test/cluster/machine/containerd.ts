/**
 * The container runtime: containerd on a socket of our own, and images loaded into it from files.
 *
 * There is no registry: a pod says `imagePullPolicy: Never` and finds what was imported. Root
 * without CAP_SYS_RESOURCE may not lower an `oom_score_adj`, and runc then dies with "can't get
 * final child's PID", so containerd is told not to try. Networks of pods are mounted below our
 * state, so that taking down finds exactly ours.
 *
 * Called by `cluster.ts`, and by suites for what an image is.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BRIDGE, POD_NETWORK, podRanges } from './addresses.ts';
import { enterRuntimeCgroup } from './cgroups.ts';
import { Daemon } from './daemon.ts';
import { CNI_FOLDER } from './debian.ts';
import { run } from './system.ts';

/** The name that containerd looks for when it makes a pod. */
export const PAUSE_IMAGE = 'docker.io/remora/pause:1';
const NAMESPACE = 'k8s.io';
const READY_LIMIT_MS = 30_000;

export function containerdSocket(state: string): string {
  return join(state, 'containerd/containerd.sock');
}

export async function startContainerd(state: string): Promise<Daemon> {
  for (const folder of ['containerd', 'cni']) mkdirSync(join(state, folder), { recursive: true });
  const config = join(state, 'containerd/config.toml');
  writeFileSync(config, containerdConfig(state));
  writeFileSync(join(state, 'cni/10-pods.conflist'), JSON.stringify(podNetwork(state), null, 1));
  const daemon = new Daemon({
    name: 'containerd',
    program: 'containerd',
    args: ['-c', config],
    folder: join(state, 'log'),
    outlivesUs: true,
  });
  enterRuntimeCgroup(daemon.pid);
  const answers = async () => (await ctr(state, ['version'])) !== '';
  return await daemon.ready(answers, READY_LIMIT_MS);
}

/** Loads an archive of images: each is known by the name that the archive gives it. */
export async function importImage(state: string, archive: string): Promise<void> {
  await ctr(state, ['-n', NAMESPACE, 'images', 'import', archive]);
}

/** What the image of a name is now: another image of the same name has another. */
export async function imageDigest(state: string, reference: string): Promise<string> {
  const listed = await ctr(state, ['-n', NAMESPACE, 'images', 'ls']);
  const line = listed.split('\n').find((each) => each.split(/\s+/)[0]?.endsWith(`/${reference}`));
  const digest = /sha256:[0-9a-f]+/.exec(line ?? '')?.[0];
  if (digest === undefined) throw new Error(`no image ${reference}: npm run cluster -- image`);
  return digest;
}

async function ctr(state: string, args: readonly string[]): Promise<string> {
  return await run('ctr', ['-a', containerdSocket(state), ...args]);
}

function containerdConfig(state: string): string {
  return `version = 2
root = "${state}/containerd/root"
state = "${state}/containerd/state"
[grpc]
  address = "${containerdSocket(state)}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  sandbox_image = "${PAUSE_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_FOLDER}"
    conf_dir = "${state}/cni"
`;
}

function podNetwork(state: string): object {
  return {
    cniVersion: '0.4.0',
    name: POD_NETWORK,
    plugins: [
      {
        type: 'bridge',
        bridge: BRIDGE,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(state, 'cni/addresses'),
          ranges: [[{ subnet: podRanges.v4 }], [{ subnet: podRanges.v6 }]],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}
