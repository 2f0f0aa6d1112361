/**
 * The `/stats` of all proxies, asked through the control plane a bounded number at a time.
 *
 * A proxy that does not answer, or answers what cannot be read, is named with the reason and holds
 * nobody up. Pages are handed over as they come and not kept: each may be megabytes.
 *
 * Called by `mesh-traffic.ts` and `status.ts`.
 */
import type { ProxyStatus } from '../status.ts';
import { askPage } from './control-client.ts';
import type { Io, Options } from './verb.ts';

const ASKED_AT_ONCE_MAX = 16;

export interface SilentProxy {
  readonly proxy: string;
  readonly why: string;
}

export interface StatsQuestion {
  readonly options: Options;
  readonly io: Io;
  /** After so long no other proxy is asked; left out: all are. */
  readonly limitMs?: number;
}

/** `take` throws for a page that it cannot read. Returns those that said nothing, and why. */
export async function askStats(
  proxies: readonly ProxyStatus[],
  { options, io, limitMs = Number.POSITIVE_INFINITY }: StatsQuestion,
  take: (proxy: ProxyStatus, page: unknown) => void,
): Promise<SilentProxy[]> {
  const silent: SilentProxy[] = [];
  const endsAtMs = performance.now() + limitMs;
  const queue = proxies.values();
  const work = async (): Promise<void> => {
    // Shared by all that work: each takes the next.
    for (const proxy of queue) {
      const why =
        performance.now() < endsAtMs
          ? await askOne(proxy, options, io, take)
          : `not asked: the others took ${limitMs} ms.`;
      if (why !== null) silent.push({ proxy: proxy.name, why });
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE_MAX }, work));
  return silent;
}

async function askOne(
  proxy: ProxyStatus,
  options: Options,
  io: Io,
  take: (proxy: ProxyStatus, page: unknown) => void,
): Promise<string | null> {
  const name = encodeURIComponent(`${proxy.namespace}/${proxy.name}`);
  const path = `/v1/proxies/${name}/stats`;
  const page = await askPage<unknown>(options, io, path);
  if (page.refusal !== null) return page.refusal.why;
  try {
    take(proxy, page.body);
    return null;
  } catch {
    return 'its /stats cannot be read: it is of another version.';
  }
}
