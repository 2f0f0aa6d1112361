/**
 * The programs of a node and of the control plane beside the API server, and what they are told.
 *
 * Each is a user of the API server with a certificate of its own, as in a cluster of many machines:
 * what RBAC and the node authorizer forbid is forbidden here, too. They listen on loopback, and
 * kubelet on the bridge, where the API server asks it for logs and `exec`.
 *
 * Called by `cluster.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DNS_SERVICE_ADDRESS, NODE_NAME, nodeAddresses, podRanges } from './addresses.ts';
import { POD_CGROUP } from './cgroups.ts';
import { containerdSocket } from './containerd.ts';
import { Daemon } from './daemon.ts';
import { dns, ip, type Leaf } from './pki.ts';

const LOOPBACK = '127.0.0.1';
const nodeAddress = `${nodeAddresses.v4},${nodeAddresses.v6}`;

/** Who they are for the API server. */
export const NODE_LEAVES: readonly Leaf[] = [
  { name: 'kube-controller-manager', user: 'system:kube-controller-manager' },
  { name: 'kube-scheduler', user: 'system:kube-scheduler' },
  { name: 'kube-proxy', user: 'system:kube-proxy' },
  {
    name: 'kubelet',
    user: `system:node:${NODE_NAME}`,
    group: 'system:nodes',
    alternativeNames: [dns(NODE_NAME), ...Object.values(nodeAddresses).map(ip)],
  },
];

export interface NodeFolders {
  readonly state: string;
  readonly pki: string;
}

export function startControllers({ state, pki }: NodeFolders): void {
  const common = ['--leader-elect=false', `--bind-address=${LOOPBACK}`];
  start(state, 'kube-controller-manager', [
    ...[kubeconfig(pki, 'kube-controller-manager'), ...common],
    `--service-account-private-key-file=${join(pki, 'sa.key')}`,
    `--root-ca-file=${join(pki, 'ca.crt')}`,
    '--use-service-account-credentials=true',
    '--allocate-node-cidrs=false',
  ]);
  start(state, 'kube-scheduler', [kubeconfig(pki, 'kube-scheduler'), ...common]);
}

export function startNode({ state, pki }: NodeFolders): void {
  const config = join(state, 'kubelet.json');
  writeFileSync(config, JSON.stringify(kubeletConfig(state, pki), null, 1));
  // What a pod with the node's own DNS asks: nobody.
  writeFileSync(join(state, 'resolv.conf'), `nameserver ${LOOPBACK}\n`);
  start(state, 'kubelet', [
    ...[kubeconfig(pki, 'kubelet'), `--config=${config}`],
    ...[`--hostname-override=${NODE_NAME}`, `--node-ip=${nodeAddress}`],
    `--root-dir=${join(state, 'kubelet')}`,
  ]);
  start(state, 'kube-proxy', [
    ...[kubeconfig(pki, 'kube-proxy'), `--hostname-override=${NODE_NAME}`],
    ...['--proxy-mode=iptables', `--cluster-cidr=${podRanges.v4},${podRanges.v6}`],
    // The kernel's table of connections is the machine's, not ours to size.
    ...['--conntrack-max-per-core=0', '--conntrack-tcp-timeout-established=0s'],
    '--conntrack-tcp-timeout-close-wait=0s',
    ...[`--healthz-bind-address=${LOOPBACK}:10256`, `--metrics-bind-address=${LOOPBACK}:10249`],
    // An endpoint that is gone should be unknown before the next request, not a second later.
    '--iptables-min-sync-period=100ms',
  ]);
}

function start(state: string, program: string, args: readonly string[]): void {
  new Daemon({ name: program, program, args, folder: join(state, 'log'), outlivesUs: true });
}

function kubeconfig(pki: string, name: string): string {
  return `--kubeconfig=${join(pki, `${name}.kubeconfig`)}`;
}

function kubeletConfig(state: string, pki: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddresses.v4,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: POD_CGROUP,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    clusterDNS: [DNS_SERVICE_ADDRESS],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${containerdSocket(state)}`,
    resolvConf: join(state, 'resolv.conf'),
    // A machine that is nearly full is no reason to evict the test that runs on it.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    imageGCHighThresholdPercent: 100,
    tlsCertFile: join(pki, 'kubelet.crt'),
    tlsPrivateKeyFile: join(pki, 'kubelet.key'),
  };
}
