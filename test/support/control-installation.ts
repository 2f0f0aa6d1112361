/**
 * Remora installed on an API server that has no nodes: its kinds, rights and objects, but no pods.
 *
 * The control plane runs beside it as a process, as its own service account and with what the chart
 * grants that, no more. Its webhooks are left out, since this API server knows no Service's
 * address. Tokens are the API server's own, each bound to its pod as kubelet's are.
 *
 * Not pure: calls and a file. Used by the process-level test of a cluster's control plane and by
 * `bench/push`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AUTHORITY_SECRET,
  CONTROL_NAMESPACE,
  CONTROL_SERVICE,
  TOKEN_AUDIENCE,
} from '@remora/api/mesh-names.ts';
import { manifests } from '../../control-plane/src/install/manifests.ts';
import { installValues } from '../../control-plane/src/install/values.ts';
import type { KubeClient } from '../../control-plane/src/kube/client.ts';
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';
import { type Resource, secrets } from '../../control-plane/src/kube/resource.ts';
import { installCrds } from '../cluster/install-crds.ts';
import type { ApiServer } from '../cluster/machine/api-server.ts';
import { manifestText } from '../cluster/machine/kubectl.ts';

const VERSION = 'test';
/** What only a kubelet, or a webhook that can be reached, makes sense of. */
const LEFT_OUT = new Set([
  'Deployment',
  'PodDisruptionBudget',
  'NetworkPolicy',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
]);
const TOKEN_SECONDS = 7_200;
const CALL = { timeoutMs: 120_000 };

/** Where the control plane listens. */
export const CONTROL_HOST = '127.0.0.15';
/** What its certificate names. */
export const CONTROL_SERVERNAME = `${CONTROL_SERVICE}.${CONTROL_NAMESPACE}.svc`;
/** What its pod would tell it; beside KUBECONFIG. */
export const CONTROL_ENVIRONMENT: Readonly<Record<string, string>> = {
  POD_NAME: `${CONTROL_SERVICE}-0`,
  POD_NAMESPACE: CONTROL_NAMESPACE,
  POD_IP: CONTROL_HOST,
  SERVICE_ACCOUNT: CONTROL_SERVICE,
  REMORA_VERSION: VERSION,
};

/** With its namespace. */
export async function installWithoutPods(server: ApiServer): Promise<void> {
  await server.createNamespace(CONTROL_NAMESPACE);
  await installCrds(server);
  const release = { namespace: CONTROL_NAMESPACE, version: VERSION };
  const all = manifests(release, installValues.parse({}));
  const kept = all.filter(({ kind }) => !LEFT_OUT.has(kind));
  await server.kubectl(['apply', '--server-side', '-f', '-'], manifestText(kept));
}

/** Path of a kubeconfig of the control plane's service account, in this folder. */
export async function controlKubeconfig(
  server: ApiServer,
  client: KubeClient,
  folder: string,
): Promise<string> {
  const token = await tokenOf(client, CONTROL_NAMESPACE, CONTROL_SERVICE, { audiences: [] });
  const cluster = { server: server.url, 'certificate-authority': server.caFile };
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'here' },
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'control' } }],
    clusters: [{ name: 'here', cluster }],
    users: [{ name: 'control', user: { token } }],
  };
  const file = join(folder, 'control.kubeconfig');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** The certificate by which proxies know the control plane, once it has made one. */
export async function authorityPem(client: KubeClient): Promise<string> {
  const ref = { namespace: CONTROL_NAMESPACE, name: AUTHORITY_SECRET };
  const secret = await client.get<KubeObject & { data?: Record<string, string> }>(secrets, ref);
  return Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
}

/** The token that kubelet would project into this pod for its sidecar. */
export async function podToken(
  client: KubeClient,
  namespace: string,
  pod: string,
): Promise<string> {
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod };
  const spec = { audiences: [TOKEN_AUDIENCE], boundObjectRef };
  return await tokenOf(client, namespace, 'default', spec);
}

async function tokenOf(
  client: KubeClient,
  namespace: string,
  account: string,
  spec: object,
): Promise<string> {
  const request = {
    ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
    metadata: { name: account, namespace },
    spec: { expirationSeconds: TOKEN_SECONDS, ...spec },
  };
  const made = await client.create(tokensOf(account), request, CALL);
  return (made as { status?: { token?: string } }).status?.token ?? '';
}

/** Tokens are made by posting to a part of their service account. */
function tokensOf(account: string): Resource {
  const plural = `serviceaccounts/${account}/token`;
  return { group: '', version: 'v1', plural, kind: 'TokenRequest', namespaced: true };
}
