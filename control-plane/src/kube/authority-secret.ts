/**
 * The mesh's authority in its Secret: filled by whichever replica comes first, read by all.
 *
 * The Secret itself comes with the installation and is empty: so it goes when that goes, and the
 * control plane needs no right to create one. Of two replicas that fill it at once the API server
 * refuses one, which then reads.
 *
 * Used by `cluster.ts`. The authority itself is `identity/authority.ts`.
 */
import { AUTHORITY_SECRET } from '@remora/api/mesh-names.ts';
import { type Authority, createAuthority } from '../identity/authority.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { secrets } from './resource.ts';

const CERTIFICATE = 'tls.crt';
const KEY = 'tls.key';

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export async function loadAuthority(client: KubeClient, namespace: string): Promise<Authority> {
  const found = await client.get<Secret>(secrets, { namespace, name: AUTHORITY_SECRET });
  if (found === null) {
    const where = `Secret ${namespace}/${AUTHORITY_SECRET}`;
    throw new Error(`${where} is missing: it comes with the installation, so install again`);
  }
  const known = authorityIn(found);
  if (known !== null) return known;
  const authority = await createAuthority(Date.now());
  const { certificatePem, keyPem } = authority;
  const data = { [CERTIFICATE]: encoded(certificatePem), [KEY]: encoded(keyPem) };
  try {
    await client.update(secrets, { ...found, data });
    return authority;
  } catch (error) {
    if (!(error instanceof KubeError) || !error.isConflict) throw error;
    return await loadAuthority(client, namespace);
  }
}

/** Null: nobody has filled it yet. */
function authorityIn({ data = {} }: Secret): Authority | null {
  const certificate = data[CERTIFICATE];
  const key = data[KEY];
  if (certificate === undefined || key === undefined) return null;
  return { certificatePem: decoded(certificate), keyPem: decoded(key) };
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
