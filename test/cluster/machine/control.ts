/**
 * An etcd and a kube-apiserver: the two programs that make Kubernetes' API, and how they start.
 *
 * The same flags serve an API server alone and the whole cluster, so that what a test saw of the
 * one is true of the other. Nothing is kept: etcd does not even wait for the disk. The API server
 * listens on one address only, because a bench machine's network is nobody's test network.
 *
 * Called by `api-server.ts` and `cluster.ts`.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';

const READY_LIMIT_MS = 90_000;
const ASK_LIMIT_MS = 2_000;

export interface ControlOptions {
  /** Logs, process ids, etcd's data. */
  readonly folder: string;
  /** The folder of `makeCertificates`. */
  readonly pki: string;
  /** Of the API server. */
  readonly address: string;
  readonly ports: { readonly api: number; readonly etcd: number; readonly etcdPeer: number };
  readonly serviceRanges: string;
  readonly outlivesUs?: boolean;
  /** Flags of the API server that only this cluster needs. */
  readonly flags?: readonly string[];
}

export function apiUrl({ address, ports }: ControlOptions): string {
  return `https://${address}:${ports.api}`;
}

export async function startEtcd(options: ControlOptions): Promise<Daemon> {
  const { folder, ports } = options;
  const client = etcdUrl(options);
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  const args = [
    ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--logger', 'zap'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', `default=${peer}`],
  ];
  const daemon = new Daemon({ name: 'etcd', program: 'etcd', args, ...lifeOf(options) });
  const isHealthy = async () => (await fetch(`${client}/health`)).ok;
  return await daemon.ready(isHealthy, READY_LIMIT_MS);
}

export async function startKubeApiServer(options: ControlOptions): Promise<Daemon> {
  const pki = (file: string) => join(options.pki, file);
  const args = [
    `--etcd-servers=${etcdUrl(options)}`,
    `--bind-address=${options.address}`,
    `--secure-port=${options.ports.api}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--service-account-key-file=${pki('sa.key')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-cluster-ip-range=${options.serviceRanges}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    `--requestheader-client-ca-file=${pki('ca.crt')}`,
    `--proxy-client-cert-file=${pki('front-proxy.crt')}`,
    `--proxy-client-key-file=${pki('front-proxy.key')}`,
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    ...(options.flags ?? []),
  ];
  const name = 'kube-apiserver';
  const daemon = new Daemon({ name, program: name, args, ...lifeOf(options) });
  return await daemon.ready(async () => await isReady(options), READY_LIMIT_MS);
}

/** `/readyz` says no until roles and priority classes have been made, which tests build upon. */
async function isReady(options: ControlOptions): Promise<boolean> {
  const read = (file: string) => readFileSync(join(options.pki, file));
  return await new Promise((resolve, reject) => {
    const asking = request(`${apiUrl(options)}/readyz`, {
      ca: read('ca.crt'),
      cert: read('admin.crt'),
      key: read('admin.key'),
      agent: false,
      timeout: ASK_LIMIT_MS,
    });
    asking.once('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.once('timeout', () => asking.destroy(new Error('no answer')));
    asking.once('error', reject);
    asking.end();
  });
}

export function etcdUrl({ ports }: ControlOptions): string {
  return `http://127.0.0.1:${ports.etcd}`;
}

function lifeOf({ folder, outlivesUs }: ControlOptions) {
  return { folder, outlivesUs: outlivesUs === true };
}
