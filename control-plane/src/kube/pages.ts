/**
 * Lists everything of a kind in pages, as one consistent picture of one resource version.
 *
 * Pages, since a list of a large cluster in one piece is a hundred megabytes of text at once; of
 * each object only what `pick` keeps outlives its page. Without a resource version, the most recent
 * state is asked for: a version of 0 would be cheaper for the server, but may be older than what a
 * watch has seen already, and ignores the page size. Where the picture expires before its last page
 * (410), it is begun again with larger pages; where a page is too large, with smaller ones.
 *
 * Pure: `page` asks. Called by `client.ts`.
 */
import * as limits from '../limits.ts';
import { errorOfConnection, type Intent, KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { apiVersionOf, type Resource } from './resource.ts';

export interface ListOptions<T> {
  /** Left out: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** What is kept of each object; left out: all of it. */
  readonly pick?: ((raw: KubeObject) => T) | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Listed<T> {
  readonly items: T[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

export interface PageQuery {
  readonly limit: number;
  readonly continue: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

export interface Listing<T> {
  readonly resource: Resource;
  readonly intent: Intent;
  readonly options: ListOptions<T>;
  readonly page: (query: PageQuery) => Promise<unknown>;
}

interface PageBody {
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown };
  readonly items?: unknown;
}

export async function collectPages<T>(listing: Listing<T>): Promise<Listed<T>> {
  for (let limit: number = limits.kubePageObjects; ; limit *= PAGE_GROWTH) {
    try {
      return await collectOnce(listing, limit);
    } catch (error) {
      const hasExpired = error instanceof KubeError && error.isExpired;
      if (!hasExpired || limit > limits.kubePageObjectsMax) throw error;
    }
  }
}

const PAGE_GROWTH = 4;

async function collectOnce<T>(listing: Listing<T>, firstLimit: number): Promise<Listed<T>> {
  const { resource, intent, options, page } = listing;
  const { labelSelector, fieldSelector } = options;
  const pick = options.pick ?? ((raw: KubeObject) => raw as T);
  const apiVersion = apiVersionOf(resource);
  const items: T[] = [];
  let limit = firstLimit;
  let token: string | undefined;
  for (;;) {
    let body: PageBody;
    try {
      body = (await page({ limit, continue: token, labelSelector, fieldSelector })) as PageBody;
    } catch (error) {
      const isTooLarge = error instanceof KubeError && error.reason === 'TooLarge';
      if (!isTooLarge || limit === 1) throw error;
      limit = Math.ceil(limit / PAGE_GROWTH);
      continue;
    }
    const { resourceVersion, continue: next } = body.metadata ?? {};
    if (typeof resourceVersion !== 'string' || !isObjects(body.items)) {
      throw errorOfConnection(intent, 'Undecodable', 'the answer is no list');
    }
    // The items of a list do not say themselves what they are.
    for (const raw of body.items) items.push(pick({ ...raw, apiVersion, kind: resource.kind }));
    if (items.length > limits.kubeObjectsMax) {
      throw errorOfConnection(intent, 'TooMany', `over ${limits.kubeObjectsMax} objects`);
    }
    if (typeof next !== 'string' || next === '') return { items, resourceVersion };
    token = next;
  }
}

function isObjects(items: unknown): items is readonly KubeObject[] {
  return Array.isArray(items);
}
