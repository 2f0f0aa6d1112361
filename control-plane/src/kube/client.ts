/**
 * What can be asked of the API server, as methods; every failure is a `KubeError`.
 *
 * Why not the official client: 84 MB and 131 MB resident for a list, a watch and a patch, and no
 * leader election (docs/decisions/dependencies.md). When a call is repeated is decided in
 * `calls.ts`, what a list is in `pages.ts`; watching is `watch.ts`.
 *
 * Called by kube/ and by whoever reads or writes objects in the cluster.
 */
import * as limits from '../limits.ts';
import type { Chance } from './backoff.ts';
import { type CallOptions, Calls } from './calls.ts';
import type { KubeConfig } from './kube-config.ts';
import { type Intent, intentOf, KubeError } from './kube-error.ts';
import type { KubeObject, ObjectRef } from './kube-object.ts';
import { collectPages, type ListOptions, type Listed, type PageQuery } from './pages.ts';
import { groupPath, pathOf, type Resource } from './resource.ts';
import { type Call, Transport } from './transport.ts';

export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status';
  /** Everything happens but the write. */
  readonly dryRun?: boolean;
}

export interface CreateOptions extends CallOptions {
  readonly dryRun?: boolean;
  /** Nothing is stored (a review), so a lost answer may be asked for again. */
  readonly isQuestion?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields over that another manager owns. */
  readonly force: boolean;
}

export interface PatchOptions extends WriteOptions {
  /** `merge`: RFC 7386; `json`: RFC 6902. */
  readonly type: 'merge' | 'json';
  readonly fieldManager?: string;
}

export interface DeleteOptions extends CallOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly dryRun?: boolean;
}

export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

export interface WatchQuery {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
}

type Query = Readonly<Record<string, string | number | undefined>>;

const JSON_TYPE = 'application/json';

export class KubeClient {
  readonly #calls: Calls;
  /** As whom it asks, for messages. */
  readonly as: string;

  constructor(config: KubeConfig, options: { userAgent: string; chance?: Chance }) {
    const transport = new Transport(config, options.userAgent);
    this.#calls = new Calls(transport, options.chance ?? Math.random);
    this.as = config.as;
  }

  /** Null: there is no such object. That there is no such kind is an error. */
  async get<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | null> {
    const intent = intentOf('get', resource, ref, this.as);
    const call = { method: 'GET', path: pathOf(resource, ref) } as const;
    try {
      return await this.#calls.json<T>({ intent, call, options, repeatable: true });
    } catch (error) {
      if (error instanceof KubeError && error.isMissingObject) return null;
      throw error;
    }
  }

  /** Everything, page by page; of each object only what `pick` keeps stays in memory. */
  list<T = KubeObject>(resource: Resource, options: ListOptions<T> = {}): Promise<Listed<T>> {
    const { namespace } = options;
    const intent = intentOf('list', resource, { namespace }, this.as);
    const page = (query: PageQuery): Promise<unknown> => {
      const path = withQuery(pathOf(resource, { namespace }), { ...query });
      const call = { method: 'GET', path } as const;
      const timed = { timeoutMs: limits.kubeListTimeoutMs, ...options };
      return this.#calls.json({ intent, call, options: timed, repeatable: true });
    };
    return collectPages({ resource, intent, options, page });
  }

  create<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: CreateOptions = {},
  ): Promise<T> {
    const { name, namespace } = object.metadata;
    const intent = intentOf('create', resource, { namespace, name }, this.as);
    const path = withQuery(pathOf(resource, { namespace }), dryRunOf(options));
    const call = writing('POST', path, object);
    return this.#calls.json({ intent, call, options, repeatable: options.isQuestion ?? false });
  }

  /** The whole object; refused as a conflict where `resourceVersion` is not the stored one. */
  update<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const place = { ...object.metadata, subresource: options.subresource };
    const intent = intentOf('update', resource, place, this.as);
    const path = withQuery(pathOf(resource, place), dryRunOf(options));
    return this.#calls.json({
      intent,
      call: writing('PUT', path, object),
      options,
      repeatable: false,
    });
  }

  /** Server-side apply: `object` has the fields that the manager owns from now on, no others. */
  apply<T extends KubeObject>(resource: Resource, object: T, options: ApplyOptions): Promise<T> {
    const { fieldManager, force, subresource } = options;
    const place = { ...object.metadata, subresource };
    const intent = intentOf('patch', resource, place, this.as);
    const query = { fieldManager, force: String(force), ...dryRunOf(options) };
    const path = withQuery(pathOf(resource, place), query);
    // Its type says YAML, of which JSON is a part.
    const call = writing('PATCH', path, object, 'application/apply-patch+yaml');
    return this.#calls.json({ intent, call, options, repeatable: true });
  }

  patch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    body: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const place = { ...ref, subresource: options.subresource };
    const intent = intentOf('patch', resource, place, this.as);
    const { fieldManager } = options;
    const path = withQuery(pathOf(resource, place), { fieldManager, ...dryRunOf(options) });
    const type = `application/${options.type === 'json' ? 'json-patch' : 'merge-patch'}+json`;
    const call = writing('PATCH', path, body, type);
    return this.#calls.json({ intent, call, options, repeatable: false });
  }

  /** False: there was none. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { preconditions, propagation, dryRun } = options;
    const intent = intentOf('delete', resource, ref, this.as);
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions,
      propagationPolicy: propagation,
      dryRun: dryRun === true ? ['All'] : undefined,
    };
    const call = writing('DELETE', pathOf(resource, ref), body);
    try {
      await this.#calls.ask({ intent, call, options, repeatable: false });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.isMissingObject) return false;
      throw error;
    }
  }

  serverVersion(options: CallOptions = {}): Promise<ServerVersion> {
    const intent: Intent = { verb: 'get', what: '/version', group: '', as: this.as };
    const call = { method: 'GET', path: '/version' } as const;
    return this.#calls.json({ intent, call, options, repeatable: true });
  }

  /** Whether the cluster has this kind, in this version. */
  async resourceExists(resource: Resource, options: CallOptions = {}): Promise<boolean> {
    const path = groupPath(resource);
    const intent: Intent = { verb: 'get', what: path, group: '', as: this.as };
    try {
      const call = { method: 'GET', path } as const;
      const found = await this.#calls.json<{ resources?: { name?: string }[] }>({
        intent,
        call,
        options,
        repeatable: true,
      });
      return (found.resources ?? []).some(({ name }) => name === resource.plural);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    }
  }

  /** The body of a watch, as it comes; ended by `signal`. One attempt: `watch.ts` repeats. */
  async openWatch(
    resource: Resource,
    query: WatchQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Buffer>> {
    const { namespace, ...rest } = query;
    const intent = intentOf('watch', resource, { namespace }, this.as);
    const asked = { watch: 'true', allowWatchBookmarks: 'true', ...rest };
    const path = withQuery(pathOf(resource, { namespace }), asked);
    return await this.#calls.stream(intent, path, signal);
  }

  /** Ends every call and watch under way. */
  async close(): Promise<void> {
    await this.#calls.close();
  }
}

function writing(
  method: Call['method'],
  path: string,
  body: unknown,
  contentType = JSON_TYPE,
): Omit<Call, 'signal'> {
  return { method, path, body: JSON.stringify(body), contentType };
}

function dryRunOf({ dryRun }: { readonly dryRun?: boolean }): Query {
  return { dryRun: dryRun === true ? 'All' : undefined };
}

function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  return params.size === 0 ? path : `${path}?${params}`;
}
