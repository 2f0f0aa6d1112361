/**
 * The mesh's authority in its Secret: made by whichever replica comes first, read by all.
 *
 * Creating is what decides: the API server lets one of two replicas have it, and the other reads.
 *
 * Used by `cluster.ts`. The authority itself is `identity/authority.ts`.
 */
import { type Authority, createAuthority } from '../identity/authority.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { secrets } from './resource.ts';

export const AUTHORITY_SECRET = 'remora-authority';
const CERTIFICATE = 'tls.crt';
const KEY = 'tls.key';

interface Secret extends KubeObject {
  readonly type: string;
  readonly data?: Readonly<Record<string, string>>;
}

export async function loadAuthority(client: KubeClient, namespace: string): Promise<Authority> {
  const found = await client.get<Secret>(secrets, { namespace, name: AUTHORITY_SECRET });
  if (found !== null) return authorityIn(found);
  const authority = await createAuthority(Date.now());
  try {
    await client.create(secrets, secretOf(authority, namespace));
    return authority;
  } catch (error) {
    if (!(error instanceof KubeError) || !error.isAlreadyThere) throw error;
    return await loadAuthority(client, namespace);
  }
}

function secretOf({ certificatePem, keyPem }: Authority, namespace: string): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: AUTHORITY_SECRET,
      namespace,
      labels: { 'app.kubernetes.io/name': 'remora', 'app.kubernetes.io/component': 'control-plane' },
    },
    type: 'kubernetes.io/tls',
    data: { [CERTIFICATE]: encoded(certificatePem), [KEY]: encoded(keyPem) },
  };
}

function authorityIn({ data = {}, metadata }: Secret): Authority {
  const certificate = data[CERTIFICATE];
  const key = data[KEY];
  if (certificate === undefined || key === undefined) {
    throw new Error(
      `Secret ${metadata.namespace}/${AUTHORITY_SECRET} has no ${CERTIFICATE} and ${KEY}: ` +
        'delete it, and the control plane makes it anew; pods injected before need a restart then',
    );
  }
  return { certificatePem: decoded(certificate), keyPem: decoded(key) };
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
