/**
 * Statuses on the API server: read whole once, written one by one.
 *
 * Of Remora's own kinds by server-side apply, with one field manager for all replicas: the next
 * leader owns what the last one wrote, and nobody's other fields are touched. Of an HTTPRoute the
 * list of parents is one value that all controllers share, so it is read, changed and written back
 * against its version.
 *
 * The `StatusPort` of `apply/status-writer.ts`. Made by `cluster.ts`.
 */
import type { StatusPort, WrittenStatus } from '../apply/status-writer.ts';
import { type SourceName, sourceKey } from '../publish/acks.ts';
import type { KubeClient } from './client.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import {
  apiVersionOf,
  httpRoutes,
  meshConfigs,
  type Resource,
  resiliencePolicies,
  trafficRoutes,
} from './resource.ts';

const FIELD_MANAGER = 'remora';

const RESOURCES: readonly Resource[] = [trafficRoutes, resiliencePolicies, meshConfigs];

interface WithStatus extends KubeObject {
  readonly status?: WrittenStatus;
}

interface HttpRouteObject extends KubeObject {
  readonly status?: { readonly parents?: unknown };
}

/** The whole list of parents over what stands there; null: that is right. */
export type ParentsOver = (
  name: { readonly namespace: string; readonly name: string },
  existing: unknown,
  generation: number,
) => readonly unknown[] | null;

export class KubeStatusPort implements StatusPort {
  readonly #client: KubeClient;
  readonly #parentsOver: ParentsOver;

  constructor(client: KubeClient, parentsOver: ParentsOver) {
    this.#client = client;
    this.#parentsOver = parentsOver;
  }

  async readAll(): Promise<ReadonlyMap<string, WrittenStatus>> {
    const found = new Map<string, WrittenStatus>();
    for (const resource of RESOURCES) {
      const { items } = await this.#client.list(resource, {
        pick: (raw) => {
          const { metadata, status } = raw as WithStatus;
          const { namespace = '', name } = metadata;
          return { key: sourceKey({ kind: resource.kind, namespace, name }), status };
        },
      });
      for (const { key, status } of items) {
        if (status?.conditions !== undefined) found.set(key, status);
      }
    }
    return found;
  }

  async write({ kind, namespace, name }: SourceName, status: WrittenStatus): Promise<boolean> {
    if (kind === 'HTTPRoute') return await this.#writeParents({ namespace, name });
    const resource = RESOURCES.find((each) => each.kind === kind);
    if (resource === undefined) throw new Error(`${kind} has no status that is ours to write`);
    const metadata = { name, ...(resource.namespaced && { namespace }) };
    const object = { apiVersion: apiVersionOf(resource), kind, metadata, status };
    try {
      await this.#client.apply(resource, object, {
        fieldManager: FIELD_MANAGER,
        force: true,
        subresource: 'status',
      });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    }
  }

  async #writeParents(ref: {
    readonly namespace: string;
    readonly name: string;
  }): Promise<boolean> {
    const found = await this.#client.get<HttpRouteObject>(httpRoutes, ref);
    if (found === null) return false;
    const { generation = 1 } = found.metadata;
    const parents = this.#parentsOver(ref, found.status?.parents, generation);
    if (parents === null) return true;
    const object = { ...found, status: { ...found.status, parents } };
    await this.#client.update(httpRoutes, object, { subresource: 'status' });
    return true;
  }
}
