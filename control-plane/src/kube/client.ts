/**
 * What can be asked of the API server, as methods; every failure is a `KubeError`.
 *
 * Why not the official client: 84 MB and 131 MB resident for a list, a watch and a patch, and no
 * leader election (docs/decisions/dependencies.md). Reads are repeated by themselves within their
 * deadline; writes only where the server refused to look at them (429), since a write whose answer
 * was lost may have happened.
 *
 * Called by kube/ and by whoever reads or writes objects in the cluster. Watching is `watch.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../limits.ts';
import { backoffMs, type Chance } from './backoff.ts';
import type { KubeConfig } from './kube-config.ts';
import {
  errorOfAnswer,
  errorOfConnection,
  type Intent,
  intentOf,
  KubeError,
} from './kube-error.ts';
import type { KubeObject, ObjectRef } from './kube-object.ts';
import { collectPages, type ListOptions, type Listed, type PageQuery } from './pages.ts';
import { groupPath, pathOf, type Resource } from './resource.ts';
import { type Answer, type Call, type StreamAnswer, Transport } from './transport.ts';

export interface CallOptions {
  /** For everything: attempts, waits between them, the answer. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status' | 'scale';
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

interface Request {
  readonly intent: Intent;
  readonly call: Omit<Call, 'signal'>;
  readonly options: CallOptions;
  /** Asking twice does no more than asking once. */
  readonly repeatable: boolean;
}

type Query = Readonly<Record<string, string | number | undefined>>;

const RETRY = { baseMs: 100, maxMs: 2_000 };
const JSON_TYPE = 'application/json';

export class KubeClient {
  readonly #transport: Transport;
  /** As whom it asks, for messages. */
  readonly as: string;
  readonly #chance: Chance;
  #callsUnderWay = 0;

  constructor(config: KubeConfig, options: { userAgent: string; chance?: Chance }) {
    this.#transport = new Transport(config, options.userAgent);
    this.as = config.as;
    this.#chance = options.chance ?? Math.random;
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
      return await this.#json<T>({ intent, call, options, repeatable: true });
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
      return this.#json({ intent, call, options: timed, repeatable: true });
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
    return this.#json({ intent, call, options, repeatable: options.isQuestion ?? false });
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
    return this.#json({ intent, call: writing('PUT', path, object), options, repeatable: false });
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
    return this.#json({ intent, call, options, repeatable: true });
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
    return this.#json({ intent, call, options, repeatable: false });
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
      await this.#ask({ intent, call, options, repeatable: false });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.isMissingObject) return false;
      throw error;
    }
  }

  serverVersion(options: CallOptions = {}): Promise<ServerVersion> {
    const intent: Intent = { verb: 'get', what: '/version', group: '', as: this.as };
    const call = { method: 'GET', path: '/version' } as const;
    return this.#json({ intent, call, options, repeatable: true });
  }

  /** Whether the cluster has this kind, in this version. */
  async resourceExists(resource: Resource, options: CallOptions = {}): Promise<boolean> {
    const path = groupPath(resource);
    const intent: Intent = { verb: 'get', what: path, group: '', as: this.as };
    try {
      const call = { method: 'GET', path } as const;
      const found = await this.#json<{ resources?: { name?: string }[] }>({
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
    let answer: StreamAnswer;
    try {
      answer = await this.#transport.stream({ method: 'GET', path, signal });
      if (answer.status === 200) return chunksOf(intent, answer.body);
      const { status, retryAfterMs } = answer;
      const text = await answer.body.text();
      throw errorOfAnswer(intent, { status, retryAfterMs, text });
    } catch (error) {
      throw asKubeError(intent, error);
    }
  }

  /** Ends every call and watch under way. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #json<T>(request: Request): Promise<T> {
    const { text } = await this.#ask(request);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw errorOfConnection(request.intent, 'Undecodable', error);
    }
  }

  async #ask(request: Request): Promise<Answer> {
    const { intent, options, repeatable } = request;
    if (this.#callsUnderWay >= limits.kubeCallsMax) {
      throw errorOfConnection(intent, 'TooManyCalls', `${limits.kubeCallsMax} calls are under way`);
    }
    const timeout = AbortSignal.timeout(options.timeoutMs ?? limits.kubeCallTimeoutMs);
    const signal =
      options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    this.#callsUnderWay++;
    try {
      for (let failures = 1; ; failures++) {
        const outcome = await this.#attempt(request, signal);
        if (!(outcome instanceof KubeError)) return outcome;
        if (failures === limits.kubeAttemptsMax || !mayRepeat(outcome, repeatable)) throw outcome;
        const waitMs = outcome.retryAfterMs ?? backoffMs(RETRY, failures, this.#chance);
        await sleep(waitMs, undefined, { signal }).catch(() => Promise.reject(outcome));
      }
    } finally {
      this.#callsUnderWay--;
    }
  }

  async #attempt({ intent, call }: Request, signal: AbortSignal): Promise<Answer | KubeError> {
    try {
      const answer = await this.#transport.call({ ...call, signal });
      return answer.status < 300 ? answer : errorOfAnswer(intent, answer);
    } catch (error) {
      return asKubeError(intent, error);
    }
  }
}

/** 429 is refused before it is looked at, so even a write may follow it. */
function mayRepeat({ status, reason }: KubeError, repeatable: boolean): boolean {
  if (status === 429) return true;
  if (!repeatable) return false;
  return status === 0 ? !FINAL.has(reason) : status >= 500;
}

const TOO_LARGE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
/** Of failures without an answer, those that another attempt can't mend. */
const FINAL = new Set(['Timeout', 'Aborted', 'TooLarge', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

function asKubeError(intent: Intent, error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  const { name, code } = error as { name?: string; code?: unknown };
  if (name === 'TimeoutError') return errorOfConnection(intent, 'Timeout', 'no answer in time');
  if (name === 'AbortError') return errorOfConnection(intent, 'Aborted', 'given up by the caller');
  if (code === TOO_LARGE) return errorOfConnection(intent, 'TooLarge', error);
  return errorOfConnection(intent, typeof code === 'string' ? code : 'Failed', error);
}

/** Only what the connection does: the reader's own errors stay what they are. */
async function* chunksOf(intent: Intent, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw asKubeError(intent, error);
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
