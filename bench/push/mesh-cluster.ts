/**
 * The API server that `push` runs against, with an installation of Remora and a mesh in it.
 *
 * What the control plane may do is what the chart grants it: it runs as its own service account.
 * Its webhooks are left out, since this API server knows no Service's address; so are pods that
 * run: their status says what kubelet would. Tokens are the API server's, each bound to its pod.
 *
 * Not pure: processes and calls. Called by the question.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROL_NAMESPACE, TOKEN_AUDIENCE } from '@remora/api/mesh-names.ts';
import { manifests } from '../../control-plane/src/install/manifests.ts';
import { CONTROL } from '../../control-plane/src/install/names.ts';
import { installValues } from '../../control-plane/src/install/values.ts';
import { KubeClient } from '../../control-plane/src/kube/client.ts';
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';
import { readKubeconfig } from '../../control-plane/src/kube/kubeconfig-file.ts';
import {
  endpointSlices,
  pods,
  type Resource,
  secrets,
  services,
  trafficRoutes,
} from '../../control-plane/src/kube/resource.ts';
import { installCrds } from '../../test/cluster/install-crds.ts';
import { type ApiServer, startApiServer } from '../../test/cluster/machine/api-server.ts';
import {
  type MeshSize,
  namespaceOf,
  namespaces,
  PODS_PER_SERVICE,
  PORT,
  podName,
  podStatus,
  podsOf,
  type ProxyPlan,
  routeOf,
  serviceName,
  serviceOf,
  sliceOf,
  WEIGHTS,
} from './mesh-objects.ts';

/** In the cluster, and so not of this mesh: nothing runs, nobody calls. */
const LEFT_OUT = new Set(['Deployment', 'PodDisruptionBudget', 'NetworkPolicy']);
const TOKEN_SECONDS = 7_200;
/** More than the client has connections. */
const AT_ONCE = 16;
const CALL = { timeoutMs: 120_000 };
const FIRST_WEIGHT = WEIGHTS / 2;

interface Stored extends KubeObject {
  readonly spec: { readonly clusterIP?: string };
}

export class MeshCluster {
  readonly client: KubeClient;
  readonly #server: ApiServer;
  readonly #folder: string;
  readonly #addresses = new Map<number, string>();

  private constructor(folder: string, server: ApiServer) {
    this.#folder = folder;
    this.#server = server;
    const config = readKubeconfig([server.kubeconfigFile]);
    this.client = new KubeClient(config, { userAgent: 'remora-bench' });
  }

  /** An API server with Remora's kinds, rights and objects, and no mesh yet. */
  static async start(folder: string): Promise<MeshCluster> {
    const server = await startApiServer(folder);
    const cluster = new MeshCluster(folder, server);
    for (const namespace of [...namespaces, CONTROL_NAMESPACE]) {
      await server.createNamespace(namespace);
    }
    await installCrds(server);
    const release = { namespace: CONTROL_NAMESPACE, version: '0' };
    const wanted = manifests(release, installValues.parse({})).filter(
      ({ kind }) => !LEFT_OUT.has(kind) && !kind.endsWith('WebhookConfiguration'),
    );
    await server.kubectl(
      ['apply', '-f', '-'],
      wanted.map((one) => JSON.stringify(one)).join('\n---\n'),
    );
    return cluster;
  }

  /** Services [from, to) with their slices, pods and routes. */
  async fill(from: number, to: number, size: MeshSize): Promise<void> {
    const indexes = Array.from({ length: to - from }, (_, at) => from + at);
    await inParallel(indexes, (index) => this.#fillOne(index, size));
  }

  /** By which a pod dials the Service. */
  addressOf(index: number): string {
    return `${this.#addresses.get(index)}:${PORT}`;
  }

  /** The token that kubelet would project, of each. */
  async tokensOf(plans: readonly ProxyPlan[]): Promise<readonly string[]> {
    return await inParallel(plans, ({ namespace, pod }) => this.tokenOf(namespace, pod));
  }

  async tokenOf(namespace: string, pod: string): Promise<string> {
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod };
    const spec = { audiences: [TOKEN_AUDIENCE], boundObjectRef };
    return await this.#token(namespace, 'default', spec);
  }

  /** A kubeconfig of the control plane's service account. */
  async controlKubeconfig(): Promise<string> {
    const token = await this.#token(CONTROL_NAMESPACE, CONTROL, { audiences: [] });
    const cluster = { server: this.#server.url, 'certificate-authority': this.#server.caFile };
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'bench' },
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'control' } }],
      clusters: [{ name: 'bench', cluster }],
      users: [{ name: 'control', user: { token } }],
    };
    const file = join(this.#folder, 'control.kubeconfig');
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  /** The certificate by which proxies know the control plane, once it has made one. */
  async authorityPem(): Promise<string> {
    const ref = { namespace: CONTROL_NAMESPACE, name: 'remora-authority' };
    const secret = await this.client.get<KubeObject & { data?: Record<string, string> }>(
      secrets,
      ref,
    );
    return Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
  }

  /** Resolves with the route's new generation. */
  async setWeight(index: number, size: MeshSize, weight: number): Promise<number> {
    const { spec } = routeOf(index, size, weight) as KubeObject & { spec: unknown };
    const ref = { namespace: namespaceOf(index), name: serviceName(index) };
    const options = { type: 'merge', ...CALL } as const;
    const { metadata } = await this.client.patch<KubeObject>(trafficRoutes, ref, { spec }, options);
    return metadata.generation ?? 0;
  }

  /** How many TokenReviews this API server has answered. */
  async tokenReviews(): Promise<number> {
    const page = await this.#server.kubectl(['get', '--raw', '/metrics']);
    const counts = page.matchAll(/^apiserver_request_total\{.*resource="tokenreviews".*\} (\d+)/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.#server.stop();
  }

  async #fillOne(index: number, size: MeshSize): Promise<void> {
    const { client } = this;
    const { spec } = await client.create(services, serviceOf(index) as Stored, CALL);
    this.#addresses.set(index, spec.clusterIP ?? '');
    await client.create(endpointSlices, sliceOf(index), CALL);
    for (const pod of podsOf(index)) await client.create(pods, pod, CALL);
    for (let copy = 0; copy < PODS_PER_SERVICE; copy++) {
      const ref = { namespace: namespaceOf(index), name: podName(index, copy) };
      const options = { type: 'merge', subresource: 'status', ...CALL } as const;
      await client.patch(pods, ref, podStatus(index, copy), options);
    }
    if (index >= size.routes) return;
    await client.create(trafficRoutes, routeOf(index, size, FIRST_WEIGHT), CALL);
  }

  async #token(namespace: string, account: string, spec: object): Promise<string> {
    const request = {
      ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
      metadata: { name: account, namespace },
      spec: { expirationSeconds: TOKEN_SECONDS, ...spec },
    };
    const made = await this.client.create(tokensOf(account), request, CALL);
    return (made as { status?: { token?: string } }).status?.token ?? '';
  }
}

/** Tokens are made by posting to a part of their service account. */
function tokensOf(account: string): Resource {
  const plural = `serviceaccounts/${account}/token`;
  return { group: '', version: 'v1', plural, kind: 'TokenRequest', namespaced: true };
}

async function inParallel<T, R>(
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = all.entries();
  const worker = async () => {
    for (const [at, one] of rest) results[at] = await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
