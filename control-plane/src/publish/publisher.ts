/**
 * Decides which proxy is sent what: a proxy hears of a destination only while it is subscribed to
 * it, and only when what the destination means has changed.
 *
 * Everything that someone is subscribed to is compiled anew for each world and compared by its
 * version. Working out what an edit may affect was refused: it is a second model of the same rules,
 * and a missed case would be a stale proxy, where compiling everything takes milliseconds.
 *
 * Pure: no sockets. Fed by `control-plane.ts` (worlds) and `config-server.ts` (proxies).
 */
import { type DestinationConfig, wireLimits } from '@remora/api/wire.ts';
import { type Applied, appliedOver, type SourceName, sourceKey } from './acks.ts';
import {
  type Ack,
  type Content,
  goneContent,
  lineOf,
  type Publication,
  putContent,
  type Subscriber,
} from './publication.ts';
import { versionOf } from './versions.ts';

/** What the publisher asks of a world. */
export interface Compiler {
  /** Null: no such Service port. */
  compile(destination: string, namespace: string): DestinationConfig | null;
  nearest(destination: string, namespace: string): readonly string[];
}

/** Called when a proxy applied or refused the newest version of a destination. */
export type OnAck = (publication: Publication, subscriber: Subscriber) => void;

export class Publisher {
  readonly #onAck: OnAck;
  readonly #publications = new Map<string, Publication>();
  readonly #bySource = new Map<string, Set<Publication>>();
  #compiler: Compiler;

  constructor(compiler: Compiler, onAck: OnAck) {
    this.#compiler = compiler;
    this.#onAck = onAck;
  }

  /** A new world: sends what changed to those who use it. Answers how many destinations did. */
  apply(compiler: Compiler): number {
    this.#compiler = compiler;
    let changed = 0;
    for (const publication of this.#publications.values()) {
      const before = publication.content;
      const config = compiler.compile(publication.destination, publication.namespace);
      // Still gone: the nearest names cost more than a compilation, and nobody is told twice.
      if (config === null && before.version === null) continue;
      this.#replace(publication, this.#contentOf(publication, config));
      if (before.version === publication.content.version) continue;
      changed++;
      for (const subscriber of publication.subscribers.keys()) this.#send(publication, subscriber);
    }
    return changed;
  }

  /** `known`: the version that the proxy holds from its last-good, if it holds one. */
  subscribe(subscriber: Subscriber, destination: string, known: string | null): void {
    const publication = this.#publicationFor(destination, subscriber.proxy.namespace);
    if (publication.subscribers.has(subscriber)) return;
    const ack: Ack = { applied: null, refused: null };
    publication.subscribers.set(subscriber, ack);
    const { version } = publication.content;
    if (version === null || version !== known) {
      this.#send(publication, subscriber);
      return;
    }
    ack.applied = version;
    subscriber.send(destination, lineOf({ type: 'current', destination, version }));
    this.#onAck(publication, subscriber);
  }

  unsubscribe(subscriber: Subscriber, destination: string): void {
    const key = publicationKey(destination, subscriber.proxy.namespace);
    const publication = this.#publications.get(key);
    if (publication === undefined) return;
    publication.subscribers.delete(subscriber);
    if (publication.subscribers.size > 0) return;
    this.#publications.delete(key);
    this.#unindex(publication);
  }

  acknowledge(subscriber: Subscriber, destination: string, ack: Partial<Ack>): void {
    const key = publicationKey(destination, subscriber.proxy.namespace);
    const publication = this.#publications.get(key);
    const held = publication?.subscribers.get(subscriber);
    if (publication === undefined || held === undefined) return;
    if (ack.applied !== undefined) held.applied = ack.applied;
    if (ack.refused !== undefined) held.refused = ack.refused;
    const version = ack.applied ?? ack.refused?.version;
    if (version === publication.content.version) this.#onAck(publication, subscriber);
  }

  appliedBy(source: SourceName): Applied {
    return appliedOver(this.#bySource.get(sourceKey(source)) ?? []);
  }

  /** How many destinations, by namespace, somebody is subscribed to. */
  get size(): number {
    return this.#publications.size;
  }

  #publicationFor(destination: string, namespace: string): Publication {
    const key = publicationKey(destination, namespace);
    const known = this.#publications.get(key);
    if (known !== undefined) return known;
    const config = this.#compiler.compile(destination, namespace);
    const content = this.#contentOf({ destination, namespace }, config);
    const publication: Publication = { destination, namespace, content, subscribers: new Map() };
    this.#publications.set(key, publication);
    this.#index(publication);
    return publication;
  }

  #contentOf(
    { destination, namespace }: Pick<Publication, 'destination' | 'namespace'>,
    config: DestinationConfig | null,
  ): Content {
    if (config === null) {
      return goneContent(destination, this.#compiler.nearest(destination, namespace));
    }
    return putContent(config, versionOf(config), wireLimits.lineBytesMax);
  }

  #replace(publication: Publication, content: Content): void {
    this.#unindex(publication);
    publication.content = content;
    this.#index(publication);
  }

  #send({ destination, content }: Publication, subscriber: Subscriber): void {
    if (content.unsendable === null) subscriber.send(destination, content.line);
  }

  #index(publication: Publication): void {
    for (const source of publication.content.sources) {
      const key = sourceKey(source);
      const indexed = this.#bySource.get(key) ?? new Set();
      this.#bySource.set(key, indexed.add(publication));
    }
  }

  #unindex(publication: Publication): void {
    for (const source of publication.content.sources) {
      const key = sourceKey(source);
      const indexed = this.#bySource.get(key);
      if (indexed?.delete(publication) && indexed.size === 0) this.#bySource.delete(key);
    }
  }
}

function publicationKey(destination: string, namespace: string): string {
  return `${namespace}|${destination}`;
}
