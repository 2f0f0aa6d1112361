/**
 * The one cluster of this machine: up, down, and what is the matter with it.
 *
 * A node of its own network with everything that a cluster has, and nothing that lasts: `up` starts
 * from an empty state and `down` leaves none, so that no test has to clean up after another. What
 * runs is found by recorded ids and by our cgroup, what is mounted by our folder, what was set by
 * what was written down before. The order of `up` is that of need; what needs nothing of each other
 * starts together.
 *
 * Called by `scripts/cluster.ts`, `scripts/test-cluster.ts`, and a suite that stops a part of it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../../../scripts/progress.ts';
import {
  API_SERVICE_ADDRESS,
  BRIDGE,
  clusterPorts,
  NODE_NAME,
  nodeAddresses,
  POD_NETWORK,
  serviceRanges,
} from './addresses.ts';
import { makeCgroups, removeCgroups } from './cgroups.ts';
import { DNS_LEAF, startClusterDns } from './cluster-dns.ts';
import { importImage, startContainerd } from './containerd.ts';
import { apiUrl, type ControlOptions, startEtcd, startKubeApiServer } from './control.ts';
import { endRecorded, recordedPid, tailOf } from './daemon.ts';
import { type ImageName, withImage } from './images.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';
import { setUpNetwork, strangersOnNetwork, tearDownNetwork } from './network.ts';
import { NODE_LEAVES, startControllers, startNode } from './node.ts';
import { claimCluster } from './owner.ts';
import { apiServerLeaves, makeCertificates, writeKubeconfig } from './pki.ts';
import { places } from './places.ts';
import { run, tryRun } from './system.ts';

/** In the order in which they end: kubelet first, or it would start again what we end. */
const DAEMONS = [
  'kubelet',
  'kube-proxy',
  'coredns',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-apiserver',
  'etcd',
  'containerd',
];
const READY_LIMIT_MS = 60_000;
const POLL_MS = 100;
/** Where libcni keeps what it once answered, whatever folder everything else is in. */
const CNI_RESULTS = '/var/lib/cni/results';
const RESULT_OF_POD = new RegExp(`^${POD_NETWORK}-([0-9a-f]+)-`);

const state = places.state;
const pki = join(state, 'pki');
const log = join(state, 'log');
const folders = { state, pki };

/** The administrator's, while it is up. */
export const kubeconfigFile = join(pki, 'admin.kubeconfig');
export const clusterKubectl: Kubectl = kubectlFor(kubeconfigFile, join(state, 'kubectl-cache'));

const control: ControlOptions = {
  folder: log,
  pki,
  address: nodeAddresses.v4,
  ports: clusterPorts,
  serviceRanges: `${serviceRanges.v4},${serviceRanges.v6}`,
  outlivesUs: true,
  flags: [
    `--advertise-address=${nodeAddresses.v4}`,
    '--enable-aggregator-routing=true',
    `--kubelet-client-certificate=${join(pki, 'kubelet-client.crt')}`,
    `--kubelet-client-key=${join(pki, 'kubelet-client.key')}`,
    `--kubelet-certificate-authority=${join(pki, 'ca.crt')}`,
    // The node's name is in nobody's DNS.
    '--kubelet-preferred-address-types=InternalIP',
  ],
};

/** Which of the programs run. */
export function running(): string[] {
  return DAEMONS.filter((name) => recordedPid(log, name) !== null);
}

export function isUp(): boolean {
  return running().length === DAEMONS.length;
}

/** Brings it up from nothing. */
export async function up(progress: Progress): Promise<void> {
  claimCluster();
  const strangers = await strangersOnNetwork();
  if (strangers !== null) {
    rmSync(state, { recursive: true });
    throw new Error(strangers);
  }
  mkdirSync(log);
  try {
    progress.step('certificates, network');
    await Promise.all([makeIdentities(), setUpNetwork(state)]);
    makeCgroups();
    progress.step('etcd, kube-apiserver, containerd');
    await Promise.all([startControl(), startRuntime(progress)]);
    progress.step('controllers, node, names');
    startControllers(folders);
    startNode(folders);
    await Promise.all([startClusterDns(folders, clusterKubectl), nodeIsReady()]);
    await serviceAccountIsThere();
  } catch (error) {
    for (const name of DAEMONS) {
      if (recordedPid(log, name) === null) progress.step(`${name} does not run; ${logEnd(name)}`);
    }
    throw error;
  }
}

/** Makes an image and loads it; resolves with its reference, for manifests. */
export async function loadImage(name: ImageName, progress: Progress): Promise<string> {
  const { reference, bytes } = await withImage(
    name,
    progress,
    async (archive) => await importImage(state, archive),
  );
  progress.step(`image ${reference} is loaded: ${(bytes / 1e6).toFixed(1)} MB`);
  return reference;
}

/** Does something while there is no API server, and resolves when there is one again. */
export async function withoutApiServer(work: () => Promise<void>): Promise<void> {
  await endRecorded(log, 'kube-apiserver');
  try {
    await work();
  } finally {
    await startKubeApiServer(control);
  }
}

/** Ends and removes everything of it, whatever state it is in. */
export async function down(): Promise<void> {
  for (const name of DAEMONS.slice(0, -1)) await endRecorded(log, name);
  await removeCgroups();
  await endRecorded(log, 'containerd');
  await unmountBelow(`${state}/`);
  await tearDownNetwork(state);
  forgetPods();
  rmSync(state, { recursive: true, force: true });
}

/** Of a program that does not run: the end of what it said. */
function logEnd(name: string): string {
  return `${name}.log ends:\n${tailOf(join(log, `${name}.log`))}`;
}

/** What is left of us on this machine; empty after `down`. */
export async function leftovers(): Promise<string[]> {
  const bridge = await tryRun('ip', ['link', 'show', BRIDGE]);
  const found = running().map((name) => `the program ${name}`);
  if (bridge !== null) found.push(`the bridge ${BRIDGE}`);
  const strangers = await strangersOnNetwork();
  if (strangers !== null) found.push(strangers);
  if (mountsBelow(`${state}/`).length > 0) found.push('mounts');
  return found;
}

async function makeIdentities(): Promise<void> {
  const addresses = [...Object.values(nodeAddresses), '127.0.0.1', API_SERVICE_ADDRESS];
  const clients = [...NODE_LEAVES, DNS_LEAF];
  await makeCertificates(pki, [...apiServerLeaves(addresses), ...clients]);
  const names = ['admin', ...clients.map((leaf) => leaf.name)];
  await Promise.all(names.map(async (name) => await writeKubeconfig(pki, name, apiUrl(control))));
}

async function startControl(): Promise<void> {
  await startEtcd(control);
  await startKubeApiServer(control);
}

async function startRuntime(progress: Progress): Promise<void> {
  await startContainerd(state);
  await loadImage('pause', progress);
}

async function nodeIsReady(): Promise<void> {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  const ask = ['get', 'node', NODE_NAME, '-o', path];
  await untilTrue('the node to be ready', async () => (await clusterKubectl(ask)) === 'True');
}

/** The last thing that the controllers make, and no pod is admitted before. */
async function serviceAccountIsThere(): Promise<void> {
  const ask = ['get', 'serviceaccount', 'default', '-n', 'default'];
  await untilTrue('the first service account', async () => (await clusterKubectl(ask)) !== '');
}

async function untilTrue(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const endAtMs = performance.now() + READY_LIMIT_MS;
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() > endAtMs) {
      throw new Error(`waited ${READY_LIMIT_MS} ms for ${what}. ${logEnd('kubelet')}`);
    }
    await sleep(POLL_MS);
  }
}

/** libcni files its answers under the pod's id, and also those about its loopback. */
function forgetPods(): void {
  if (!existsSync(CNI_RESULTS)) return;
  const results = readdirSync(CNI_RESULTS);
  const ids = results.flatMap((name) => RESULT_OF_POD.exec(name)?.[1] ?? []);
  for (const name of results.filter((one) => ids.some((id) => one.includes(id)))) {
    rmSync(join(CNI_RESULTS, name));
  }
}

async function unmountBelow(folder: string): Promise<void> {
  for (const mount of mountsBelow(folder)) await run('umount', ['-l', mount]);
}

/** The innermost first. */
function mountsBelow(folder: string): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  const places = mounts.map((line) => line.split(' ')[1] ?? '');
  return places.filter((place) => place.startsWith(folder)).reverse();
}
