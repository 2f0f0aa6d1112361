/**
 * The API server that `push` runs against, with an installation of Remora and a mesh in it.
 *
 * No pod runs: its status says what kubelet would. What the control plane may do, and whose a
 * proxy's token is, is in `control-installation.ts`.
 *
 * Not pure: processes and calls. Called by the question.
 */
import { KubeClient } from '../../control-plane/src/kube/client.ts';
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';
import { readKubeconfig } from '../../control-plane/src/kube/kubeconfig-file.ts';
import {
  endpointSlices,
  pods,
  services,
  trafficRoutes,
} from '../../control-plane/src/kube/resource.ts';
import { type ApiServer, startApiServer } from '../../test/cluster/machine/api-server.ts';
import {
  authorityPem,
  controlKubeconfig,
  installWithoutPods,
  podToken,
} from '../../test/support/control-installation.ts';
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
    for (const namespace of namespaces) await server.createNamespace(namespace);
    await installWithoutPods(server);
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
    return await podToken(this.client, namespace, pod);
  }

  /** A kubeconfig of the control plane's service account. */
  async controlKubeconfig(): Promise<string> {
    return await controlKubeconfig(this.#server, this.client, this.#folder);
  }

  /** The certificate by which proxies know the control plane, once it has made one. */
  async authorityPem(): Promise<string> {
    return await authorityPem(this.client);
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
