/**
 * One kind of object, kept current: the whole truth once, then every change of it.
 *
 * The API server forgets (410), restarts, stalls, ends each stream after minutes; the receiver
 * hears only `onReset` (all there is: what is not in it is gone) and `onEvents`. A watch that lags
 * says so and never empties. First a list, then a watch from its version; every event and bookmark
 * moves the version on; a lost stream resumes from it; one that is too old lists again. One request
 * at a time, so a slow server is never asked twice.
 *
 * Callbacks run inside the reading of the stream, which waits for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as limits from '../limits.ts';
import { LineReader } from '../publish/line-reader.ts';
import { backoffMs, type Chance } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { intentOf, KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { readWatchLine, type WatchLine } from './watch-line.ts';

/**
 * `syncing`: nothing was told yet; `lagging`: what was told may be out of date. `why` says what
 * stands in the way.
 */
export type WatchState = 'syncing' | 'synced' | 'lagging';

export interface WatchEvent<T> {
  readonly type: 'put' | 'delete';
  readonly object: T;
}

export interface WatchOptions<T> {
  readonly resource: Resource;
  /** Left out: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** What is kept of each object; left out: all of it. */
  readonly pick?: (raw: KubeObject) => T;
  /** All there is: after the first list, and after each later one. */
  readonly onReset: (objects: T[]) => void;
  /** What one read brought. A deleted object is as it was last. */
  readonly onEvents: (events: WatchEvent<T>[]) => void;
  readonly onState?: (state: WatchState, why?: string) => void;
  /** Where the cluster does not have this kind there are none of it, and it may come. */
  readonly isOptional?: boolean;
  readonly chance?: Chance;
  /** For tests. */
  readonly stallMs?: number;
}

/** A server that cannot be reached may be back any moment; one that refuses needs somebody. */
const UNREACHABLE = { baseMs: 200, maxMs: 5_000 };
const REFUSED = { baseMs: 200, maxMs: 30_000 };

export class Watch<T = KubeObject> {
  /** Resolves after the first `onReset`; rejects where it was closed before. */
  readonly synced: Promise<void>;
  readonly #client: KubeClient;
  readonly #options: WatchOptions<T>;
  readonly #pick: (raw: KubeObject) => T;
  readonly #chance: Chance;
  readonly #closing = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  #running: Promise<void> | null = null;
  /** Null: list first. */
  #version: string | null = null;
  #told = '';
  #isSynced = false;
  /** The cluster was found not to have this kind, and that was told. */
  #isAbsent = false;
  #openedAtMs: number | null = null;
  /** In a row: streams that failed, or ended before they were steady. */
  #failures = 0;
  /** In a row: resumes that the server answered without any progress. */
  #idleResumes = 0;

  constructor(client: KubeClient, options: WatchOptions<T>) {
    this.#client = client;
    this.#options = options;
    this.#pick = options.pick ?? ((raw) => raw as unknown as T);
    this.#chance = options.chance ?? Math.random;
    this.synced = this.#firstSync.promise;
    this.synced.catch(() => {}); // Whoever waits for it hears of it all the same.
  }

  start(): void {
    if (this.#running !== null) return;
    this.#tell('syncing');
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    this.#firstSync.reject(new Error(`the watch of ${this.#options.resource.plural} was closed`));
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#openedAtMs = null;
      const error = await this.#turn();
      if (signal.aborted) return;
      const openedAtMs = this.#openedAtMs ?? Number.POSITIVE_INFINITY;
      const wasSteady = performance.now() - openedAtMs >= limits.kubeSteadyMs;
      if (wasSteady) this.#failures = 0;
      if (wasSteady && error === null) continue;
      this.#failures++;
      const waitMs = error === null ? this.#backoffMs(UNREACHABLE) : this.#failed(error);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** One list where needed, and one stream to its end. Null: it ended as streams do. */
  async #turn(): Promise<unknown> {
    try {
      this.#version ??= await this.#list();
      await this.#follow(this.#version);
      return null;
    } catch (error) {
      return error;
    }
  }

  async #list(): Promise<string> {
    const { resource, namespace, labelSelector, fieldSelector } = this.#options;
    const { signal } = this.#closing;
    const selected = { namespace, labelSelector, fieldSelector };
    const listed = await this.#client.list(resource, { ...selected, pick: this.#pick, signal });
    this.#isAbsent = false;
    this.#reset(listed.items);
    return listed.resourceVersion;
  }

  #reset(objects: T[]): void {
    this.#options.onReset(objects);
    this.#isSynced = true;
    this.#firstSync.resolve();
    this.#idleResumes = 0;
    this.#tell('synced');
  }

  /** A stall ends the stream as its server would have: what follows resumes. */
  async #follow(resourceVersion: string): Promise<void> {
    const { resource, namespace, labelSelector, fieldSelector } = this.#options;
    const { stallMs = limits.kubeStallMs } = this.#options;
    const stall = new AbortController();
    const timer = setTimeout(() => stall.abort(), stallMs);
    const signal = AbortSignal.any([this.#closing.signal, stall.signal]);
    const spreadSeconds = Math.floor(this.#chance() * limits.kubeWatchSecondsMin);
    const timeoutSeconds = limits.kubeWatchSecondsMin + spreadSeconds;
    const query = { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
    const lines = new LineReader(limits.kubeLineBytesMax);
    this.#idleResumes++;
    try {
      const body = await this.#client.openWatch(resource, query, signal);
      this.#openedAtMs = performance.now();
      this.#tell('synced');
      for await (const chunk of body) {
        timer.refresh();
        this.#take(lines.push(chunk));
      }
    } catch (error) {
      if (!stall.signal.aborted) throw error;
      if (this.#openedAtMs === null) throw this.#error(0, 'Timeout', `silent for ${stallMs} ms`);
    } finally {
      clearTimeout(timer);
      stall.abort(); // Where the stream was left before its end, its connection goes.
    }
  }

  #take(lines: readonly string[] | null): void {
    if (lines === null) throw this.#error(0, 'Undecodable', 'a line is too long');
    const events: WatchEvent<T>[] = [];
    let version = this.#version;
    let end: KubeError | null = null;
    for (const text of lines) {
      const line = readWatchLine(text);
      end = this.#endOf(line, text);
      if (line === null || line.is === 'error') break;
      version = line.resourceVersion;
      if (line.is !== 'bookmark') events.push({ type: line.is, object: this.#keep(line.object) });
    }
    if (events.length > 0) this.#options.onEvents(events);
    // Only now: had the receiver thrown, what it was told would count as never told.
    this.#version = version;
    if (end !== null) throw end;
    if (lines.length > 0) this.#idleResumes = 0;
  }

  /** Null: the stream goes on behind this line. */
  #endOf(line: WatchLine | null, text: string): KubeError | null {
    if (line === null) return this.#error(0, 'Undecodable', `no event: ${text.slice(0, 80)}`);
    return line.is === 'error' ? this.#error(line.status, line.reason, line.detail) : null;
  }

  #keep(object: KubeObject): T {
    const { resource } = this.#options;
    return this.#pick({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
  }

  /** How long to wait, and whether what comes next is a list. */
  #failed(error: unknown): number {
    if (this.#options.isOptional === true && isMissingKind(error)) return this.#absent();
    const isOfServer = error instanceof KubeError;
    const status = isOfServer ? error.status : 0;
    const isLost = !isOfServer || error.isExpired || error.reason === 'Undecodable';
    // A server whose storage was restored may never come to the version that we ask for.
    const isStuck = status !== 0 && this.#idleResumes >= limits.kubeResumesMax;
    if (isLost || isStuck) this.#version = null;
    const why = error instanceof Error ? error.message : String(error);
    this.#tell(this.#isSynced ? 'lagging' : 'syncing', why);
    const isRefusal = status >= 400 && status < 500 && status !== 429 && status !== 410;
    const waitMs = this.#backoffMs(isRefusal ? REFUSED : UNREACHABLE);
    return Math.max(waitMs, (isOfServer ? error.retryAfterMs : null) ?? 0);
  }

  #absent(): number {
    this.#version = null;
    this.#failures = 1; // So that what comes once the kind is there comes fast.
    if (!this.#isAbsent) this.#reset([]);
    this.#isAbsent = true;
    return backoffMs({ baseMs: limits.kubeAbsentMs, maxMs: limits.kubeAbsentMs }, 1, this.#chance);
  }

  #backoffMs(backoff: typeof UNREACHABLE): number {
    return backoffMs(backoff, this.#failures, this.#chance);
  }

  #error(status: number, reason: string, detail: string): KubeError {
    const { resource, namespace } = this.#options;
    const intent = intentOf('watch', resource, { namespace }, this.#client.as);
    return new KubeError(intent, { status, reason, detail });
  }

  #tell(state: WatchState, why = ''): void {
    const told = `${state} ${why}`;
    if (told === this.#told) return;
    this.#told = told;
    if (why === '') this.#options.onState?.(state);
    else this.#options.onState?.(state, why);
  }
}

function isMissingKind(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404 && !error.isMissingObject;
}
