/**
 * Who uses an object, who has applied it, and who refused it and why.
 *
 * A proxy counts as interested in an object while it is subscribed to a destination that the
 * object is a source of, and as having applied it when it holds the newest version of every one of
 * these. Counting proxies and not destinations is what a user asks: "is my weight live?".
 *
 * Pure. Read by `desired/conditions.ts` callers and the live view through `publisher.ts`.
 */
import type { SourceRef } from '@remora/api/wire.ts';
import type { ObjectIdentity } from '../world.ts';
import type { Ack, Publication } from './publication.ts';

export interface Applied {
  readonly applied: number;
  readonly interested: number;
  readonly refused: readonly { readonly proxy: string; readonly reason: string }[];
}

export type SourceName = Pick<SourceRef, 'kind' | 'namespace' | 'name'>;

export function sourceOf({ kind, metadata }: ObjectIdentity): SourceName {
  return { kind, namespace: metadata.namespace, name: metadata.name };
}

/** The word of one object, without its generation. */
export function sourceKey(source: SourceName): string {
  return `${source.kind}/${source.namespace}/${source.name}`;
}

/** The count over all publications that an object is a source of. */
export function appliedOver(publications: Iterable<Publication>): Applied {
  // Pods of two namespaces may have one name, as StatefulSets' have.
  const upToDate = new Map<string, boolean>();
  const refused = new Map<string, { readonly proxy: string; readonly reason: string }>();
  for (const { content, subscribers } of publications) {
    for (const [{ proxy }, ack] of subscribers) {
      const holds = content.version !== null && ack.applied === content.version;
      const who = `${proxy.namespace}/${proxy.name}`;
      upToDate.set(who, holds && (upToDate.get(who) ?? true));
      const reason = refusalOf(ack, content.version, content.unsendable);
      if (reason !== null) refused.set(who, { proxy: proxy.name, reason });
    }
  }
  let applied = 0;
  for (const holds of upToDate.values()) if (holds) applied++;
  return { applied, interested: upToDate.size, refused: [...refused.values()] };
}

/** A refusal of an older version says nothing about the newest. */
function refusalOf(ack: Ack, version: string | null, unsendable: string | null): string | null {
  if (unsendable !== null) return unsendable;
  return ack.refused !== null && ack.refused.version === version ? ack.refused.reason : null;
}
