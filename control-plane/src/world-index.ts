/**
 * Indexes of a world, changed by copying: what no change touched keeps its identity.
 *
 * A map is copied once per fold and only where an object of it changed, a list likewise. That makes
 * a fold cheap (a pod of 2,000: under 1 ms), and lets `desired/recorded-facts.ts` see by identity
 * alone that nothing a configuration was made of has changed.
 *
 * Pure. Used by `world.ts`.
 */
import { compareText } from './compare-text.ts';

/** What has a place in the order of a list: an object of any kind. */
interface Named {
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/** One value by key. */
export class MapDraft<V> {
  readonly #before: ReadonlyMap<string, V>;
  #own: Map<string, V> | null = null;

  constructor(before: ReadonlyMap<string, V>) {
    this.#before = before;
  }

  get(key: string): V | undefined {
    return (this.#own ?? this.#before).get(key);
  }

  set(key: string, value: V): void {
    this.#writable().set(key, value);
  }

  delete(key: string): void {
    this.#writable().delete(key);
  }

  /** The map that came in, if nothing was written. */
  get done(): ReadonlyMap<string, V> {
    return this.#own ?? this.#before;
  }

  #writable(): Map<string, V> {
    this.#own ??= new Map(this.#before);
    return this.#own;
  }
}

/** Several objects by key, in the order of their names, whatever order they came in. */
export class ListsDraft<T extends Named> {
  readonly #lists: MapDraft<readonly T[]>;
  /** Copied already: nobody else has seen these. */
  readonly #own = new Map<string, T[]>();

  constructor(before: ReadonlyMap<string, readonly T[]>) {
    this.#lists = new MapDraft(before);
  }

  set(key: string, object: T): void {
    const list = this.#writable(key);
    list.splice(placeIn(list, object), 0, object);
  }

  delete(key: string, object: T): void {
    const list = this.#writable(key);
    const at = list.indexOf(object);
    if (at >= 0) list.splice(at, 1);
    if (list.length > 0) return;
    this.#own.delete(key);
    this.#lists.delete(key);
  }

  get done(): ReadonlyMap<string, readonly T[]> {
    return this.#lists.done;
  }

  #writable(key: string): T[] {
    const own = this.#own.get(key);
    if (own !== undefined) return own;
    const copy = [...(this.#lists.get(key) ?? [])];
    this.#own.set(key, copy);
    this.#lists.set(key, copy);
    return copy;
  }
}

/** By halving: a list of all Services of a mesh is filled one by one. */
function placeIn(list: readonly Named[], object: Named): number {
  let from = 0;
  let to = list.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (byName(list[middle]!, object) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

function byName({ metadata: a }: Named, { metadata: b }: Named): number {
  return compareText(a.namespace, b.namespace) || compareText(a.name, b.name);
}
