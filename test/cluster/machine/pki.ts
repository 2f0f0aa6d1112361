/**
 * The certificates of a cluster: one authority, and a leaf for everybody who speaks to somebody.
 *
 * Made by `openssl`, since Node signs no certificates and a package for it would be there for tests
 * alone. P-256 instead of RSA: a dozen RSA keys take seconds on a busy machine. A leaf's common
 * name is the user that Kubernetes sees and its organisation is the user's group, so that this
 * table is the list of who may do what.
 *
 * Called by whatever starts an API server.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from './places.ts';

const run = promisify(execFile);
const DAYS = '3650';
const ADMINS = 'system:masters';

export interface Leaf {
  /** Of its files. */
  readonly name: string;
  readonly user: string;
  readonly group?: string;
  /** `DNS:kubernetes` and `IP:127.0.0.1`, for those that serve. */
  readonly alternativeNames?: readonly string[];
}

/** A client of the API server, and who it is there. */
const ADMIN: Leaf = { name: 'admin', user: 'admin', group: ADMINS };

/** What every API server has; `addresses` are those that it serves at. */
export function apiServerLeaves(addresses: readonly string[]): Leaf[] {
  const service = 'kubernetes.default.svc';
  const names = ['localhost', 'kubernetes', 'kubernetes.default', service].map(dns);
  return [
    ADMIN,
    {
      name: 'apiserver',
      user: 'kube-apiserver',
      alternativeNames: [...names, dns(`${service}.cluster.local`), ...addresses.map(ip)],
    },
    { name: 'kubelet-client', user: 'kubelet-client', group: ADMINS },
    { name: 'front-proxy', user: 'front-proxy' },
  ];
}

export function dns(name: string): string {
  return `DNS:${name}`;
}

export function ip(address: string): string {
  return `IP:${address}`;
}

/** Makes the authority (`ca.crt`), the key of service accounts (`sa.key`) and the leaves. */
export async function makeCertificates(folder: string, leaves: readonly Leaf[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Kubernetes reads no PKCS 8 here.
  const sealed = privateKey.export({ format: 'pem', type: 'sec1' });
  await writeFile(join(folder, 'sa.key'), sealed, { mode: 0o600 });
  await certificate(folder, 'ca', '/CN=remora-test', ['-addext', 'keyUsage=keyCertSign,cRLSign']);
  await Promise.all(leaves.map(async (leaf) => await signLeaf(folder, leaf)));
}

/** Writes `NAME.kubeconfig` for a leaf and returns its path. */
export async function writeKubeconfig(folder: string, name: string, url: string): Promise<string> {
  const file = join(folder, `${name}.kubeconfig`);
  // Whole certificates and not their paths, so that the file can be handed to anybody.
  const inBase64 = async (part: string) => (await readFile(join(folder, part))).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
    clusters: [
      {
        name: 'test',
        cluster: { server: url, 'certificate-authority-data': await inBase64('ca.crt') },
      },
    ],
    users: [
      {
        name,
        user: {
          'client-certificate-data': await inBase64(`${name}.crt`),
          'client-key-data': await inBase64(`${name}.key`),
        },
      },
    ],
  };
  await writeFile(file, `${JSON.stringify(config, null, 1)}\n`, { mode: 0o600 });
  return file;
}

async function signLeaf(folder: string, leaf: Leaf): Promise<void> {
  const names = leaf.alternativeNames ?? [];
  const group = leaf.group === undefined ? '' : `/O=${leaf.group}`;
  await certificate(folder, leaf.name, `${group}/CN=${leaf.user}`, [
    ...['-CA', join(folder, 'ca.crt'), '-CAkey', join(folder, 'ca.key')],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
    ...(names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`]),
  ]);
}

async function certificate(
  folder: string,
  name: string,
  subject: string,
  rest: readonly string[],
): Promise<void> {
  await run(programPath('openssl'), [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', DAYS, '-subj', subject],
    ...['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)],
    ...rest,
  ]);
}
