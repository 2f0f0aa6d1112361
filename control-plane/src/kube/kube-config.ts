/**
 * Where the API server is, and as whom Remora asks it; in a pod, that is the pod's own service
 * account. `kubeconfig-file.ts` reads the other source, `find-config.ts` chooses.
 *
 * A failure says what was looked for and what to do. The authority is read once: it changes so
 * rarely that a restart may bring the new one; tokens change hourly and are read again.
 *
 * Reads files and the environment that it is handed. Called once, by whoever makes a `KubeClient`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { TokenFile, type TokenSource } from './token-file.ts';

export interface KubeConfig {
  /** `https://10.96.0.1:443`; plain http on loopback only. */
  readonly server: string;
  /** Null: the authorities that the system trusts. */
  readonly caPem: string | null;
  /** Null: the host of `server` is what its certificate must name. */
  readonly serverName: string | null;
  readonly clientCertPem: string | null;
  readonly clientKeyPem: string | null;
  /** Null: no token is sent. */
  readonly token: TokenSource | null;
  readonly namespace: string;
  /** In messages: `the service account remora-system/remora`, `user dev of ~/.kube/config`. */
  readonly as: string;
}

/** No API server can be found, or not as whom to ask it. The message says what to do. */
export class KubeConfigError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'KubeConfigError';
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  readonly env?: Environment;
  readonly folder?: string;
  readonly clock?: Clock;
}

/** As the service account of the pod that this process runs in. */
export function inClusterConfig(options: InClusterOptions = {}): KubeConfig {
  const { env = process.env, folder = SERVICE_ACCOUNT_FOLDER, clock = systemClock } = options;
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || host === '') {
    throw new KubeConfigError(
      'This is no pod: KUBERNETES_SERVICE_HOST is not set. Name a kubeconfig file instead',
    );
  }
  const namespace = mounted(folder, 'namespace').trim();
  const token = new TokenFile(join(folder, 'token'), clock);
  if (token.current() === null) throw notMounted(folder, 'token');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caPem: mounted(folder, 'ca.crt'),
    serverName: null,
    clientCertPem: null,
    clientKeyPem: null,
    token,
    namespace,
    as: `the service account of this pod in ${namespace}`,
  };
}

function mounted(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    throw notMounted(folder, name, error);
  }
}

function notMounted(folder: string, name: string, cause?: unknown): KubeConfigError {
  return new KubeConfigError(
    `${join(folder, name)} cannot be read: the pod needs its service account mounted ` +
      '(automountServiceAccountToken: true)',
    cause,
  );
}
