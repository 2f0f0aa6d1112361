/**
 * Which acknowledgements are news: an edit that all proxies applied, or one that a proxy refused.
 *
 * Proxies acknowledge whenever anything changes, an endpoint for instance; told are only objects
 * whose generation is new, once. The first generation is how the mesh began, and no news.
 *
 * Pure but for what it remembers. Owned by `mesh.ts`.
 */
import type { AppliedEvent } from '../control-plane.ts';
import { appliedMessage } from '../desired/conditions.ts';
import type { ViewEvent } from './view-state.ts';

export class AppliedNews {
  /** By object: the generation that was told last, and in which words. */
  readonly #told = new Map<string, string>();

  hear(event: AppliedEvent): Pick<ViewEvent, 'kind' | 'text'> | null {
    const { source, refused, applied, interested } = event;
    const name = `${source.kind} ${source.namespace}/${source.name}`;
    const [refusal] = refused;
    if (refusal === undefined && (applied < interested || source.generation === 1)) return null;
    const kind = refusal === undefined ? 'good' : 'bad';
    const text =
      refusal === undefined
        ? `${name}: ${appliedMessage(event)}`
        : `${name}: refused by ${refusal.proxy}: ${refusal.reason}`;
    const words = `${source.generation} ${kind}`;
    if (this.#told.get(name) === words) return null;
    this.#told.set(name, words);
    return { kind, text };
  }
}
