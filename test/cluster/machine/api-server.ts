/**
 * A Kubernetes API of one test's own: etcd and kube-apiserver on free ports, ready in seconds.
 *
 * RBAC, admission webhooks (by URL on loopback), CRDs with CEL, tokens and TokenReview work as in
 * any cluster. There is no controller manager, and so: no EndpointSlices are made for Services, no
 * pod runs, owners are not collected, a deleted namespace stays Terminating, and a namespace gets
 * neither the service account `default` nor the ConfigMap `kube-root-ca.crt`. A pod is refused
 * where its service account is missing: `createNamespace` makes it.
 *
 * Several may run side by side. They end with `stop()`, and by the kernel when we are killed.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../bench/machine/free-ports.ts';
import { apiUrl, type ControlOptions, etcdUrl, startEtcd, startKubeApiServer } from './control.ts';
import type { Daemon } from './daemon.ts';
import { type Kubectl, kubectlFor, manifestText } from './kubectl.ts';
import { apiServerLeaves, makeCertificates, writeKubeconfig } from './pki.ts';
import { skipWithoutApiServer } from './places.ts';

const HOST = '127.0.0.1';
/** A port that was free may be taken by somebody else before it is ours. */
const ATTEMPTS = 3;

export interface ApiServer {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** Of the authority that signed its certificate. */
  readonly caFile: string;
  /** The administrator's. */
  readonly kubeconfigFile: string;
  /** For SIGSTOP: a slow API server. A restart changes it. */
  readonly pid: () => number;
  readonly kubectl: Kubectl;
  /** With its service account, so that pods can be created in it. */
  createNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>;
  /** The API server ends without a word and comes back at the same address. */
  restart(): Promise<void>;
  /** Forgets history: after a restart, a watch from an old resourceVersion is answered 410. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** One in a folder of its own. */
export interface ScratchApiServer extends ApiServer {
  /** Also for what else its test writes; gone after `stop()`. */
  readonly folder: string;
}

/** Starts one for a test file of this name, and waits until it is ready. */
export async function startScratchApiServer(name: string): Promise<ScratchApiServer> {
  const folder = mkdtempSync(join(tmpdir(), `remora-${name}-`));
  const remove = async () => await rm(folder, { recursive: true, force: true });
  try {
    const server = await startApiServer(folder);
    const stop = async () => {
      await server.stop();
      await remove();
    };
    return { ...server, folder, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Starts one that keeps everything in this folder, and waits until it is ready. */
export async function startApiServer(folder: string): Promise<ApiServer> {
  const why = skipWithoutApiServer();
  if (why !== false) throw new Error(why);
  const pki = join(folder, 'pki');
  await makeCertificates(pki, apiServerLeaves([HOST]));
  for (let attempt = 1; ; attempt++) {
    const options = await optionsFor(folder, pki);
    const etcd = await startEtcd(options).catch(orNull(attempt));
    if (etcd === null) continue;
    const server = await startKubeApiServer(options).catch(orNull(attempt));
    if (server !== null) return await describe(options, etcd, server);
    await etcd.kill();
    await rm(join(folder, 'etcd'), { recursive: true, force: true });
  }
}

function orNull(attempt: number): (error: Error) => null {
  return (error) => {
    if (attempt < ATTEMPTS && error.message.includes('address already in use')) return null;
    throw error;
  };
}

async function optionsFor(folder: string, pki: string): Promise<ControlOptions> {
  const [api, etcd, etcdPeer] = await freePorts(3);
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    pki,
    address: HOST,
    ports: { api: api!, etcd: etcd!, etcdPeer: etcdPeer! },
    serviceRanges: '10.96.0.0/16,fd00:10:96::/112',
    // Loopback is refused as an endpoint of the Service `kubernetes`, and nobody here needs one.
    flags: ['--endpoint-reconciler-type=none', '--shutdown-delay-duration=0s'],
  };
}

async function describe(options: ControlOptions, etcd: Daemon, first: Daemon): Promise<ApiServer> {
  let server = first;
  const { folder, pki } = options;
  const kubeconfigFile = await writeKubeconfig(pki, 'admin', apiUrl(options));
  const kubectl = kubectlFor(kubeconfigFile, join(folder, 'kubectl-cache'));
  return {
    url: apiUrl(options),
    caFile: join(pki, 'ca.crt'),
    kubeconfigFile,
    pid: () => server.pid,
    kubectl,
    createNamespace: async (name, labels = {}) => {
      const objects = [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
        {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: 'default', namespace: name },
        },
      ];
      await kubectl(['apply', '-f', '-'], manifestText(objects));
    },
    restart: async () => {
      await server.kill();
      server = await startKubeApiServer(options);
    },
    compact: async () => await compact(options),
    stop: async () => {
      await server.kill();
      await etcd.kill();
    },
  };
}

/** By etcd's JSON gateway: revisions are numbers as text there. */
async function compact(options: ControlOptions): Promise<void> {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`${etcdUrl(options)}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { readonly header: { readonly revision: string } };
  };
  const { header } = await ask('range', { key: 'AA==' });
  await ask('compaction', { revision: header.revision, physical: true });
}
