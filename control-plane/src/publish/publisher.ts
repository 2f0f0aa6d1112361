/**
 * Decides which proxy is sent what: a proxy hears of a destination only while it is subscribed to
 * it, and only when what the destination means has changed.
 *
 * Everything that someone is subscribed to is asked for anew in each world. What the compiler
 * answers with the same object is the same; the rest is compared by its version. What an edit may
 * affect is nobody's to work out: see `desired/recorded-facts.ts`.
 *
 * What is about the application beside a proxy is one more destination, its workload's own.
 *
 * Pure: no sockets. Fed by `control-plane.ts` (worlds) and `config-server.ts` (proxies).
 */
import type { DestinationConfig, ProxyIdentity } from '@remora/api/wire.ts';
import { INBOUND_KEY, type InboundConfig } from '@remora/api/wire-resilience.ts';
import { type Applied, appliedOver, type SourceName, sourceKey } from './acks.ts';
import {
  type Ack,
  type Content,
  Contents,
  goneContent,
  lineOf,
  type Publication,
  type Subscriber,
} from './publication.ts';

/** What the publisher asks of a world. */
export interface Compiler {
  /** By name or by address. Null: no such Service port, or nobody's address. */
  compile(destination: string, namespace: string): DestinationConfig | null;
  /** For the proxies beside the instances of a workload. */
  inbound(namespace: string, workload: string): InboundConfig;
  nearest(destination: string, namespace: string): readonly string[];
}

/** Who hears the same. */
type Audience = Pick<Publication, 'destination' | 'namespace' | 'workload'>;

/** Called when a proxy applied or refused the newest version of a destination. */
export type OnAck = (publication: Publication, subscriber: Subscriber) => void;

export class Publisher {
  readonly #onAck: OnAck;
  readonly #publications = new Map<string, Publication>();
  readonly #bySource = new Map<string, Set<Publication>>();
  readonly #contents = new Contents();
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
      const config = this.#configOf(publication);
      // Still gone, too: the nearest names cost more than a compilation, and nobody is told twice.
      if (config === publication.config) continue;
      const before = publication.content.version;
      this.#replace(publication, config);
      if (before === publication.content.version) continue;
      changed++;
      for (const subscriber of publication.subscribers.keys()) this.#send(publication, subscriber);
    }
    return changed;
  }

  /** `known`: the version that the proxy holds from its last-good, if it holds one. */
  subscribe(subscriber: Subscriber, destination: string, known: string | null): void {
    const publication = this.#publicationFor(audienceOf(destination, subscriber.proxy));
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
    const key = publicationKey(audienceOf(destination, subscriber.proxy));
    const publication = this.#publications.get(key);
    if (publication === undefined) return;
    publication.subscribers.delete(subscriber);
    if (publication.subscribers.size > 0) return;
    this.#publications.delete(key);
    this.#unindex(publication);
  }

  acknowledge(subscriber: Subscriber, destination: string, ack: Partial<Ack>): void {
    const key = publicationKey(audienceOf(destination, subscriber.proxy));
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

  #publicationFor(audience: Audience): Publication {
    const key = publicationKey(audience);
    const known = this.#publications.get(key);
    if (known !== undefined) return known;
    const config = this.#configOf(audience);
    const content = this.#contentOf(audience, config);
    const publication: Publication = { ...audience, config, content, subscribers: new Map() };
    this.#publications.set(key, publication);
    this.#index(publication);
    return publication;
  }

  /** Null: there is no such Service port, and it is nobody's address. */
  #configOf({ destination, namespace, workload }: Audience): Publication['config'] {
    if (destination === INBOUND_KEY) return this.#compiler.inbound(namespace, workload);
    return this.#compiler.compile(destination, namespace);
  }

  #contentOf({ destination, namespace }: Audience, config: Publication['config']): Content {
    if (config !== null) return this.#contents.of(config, destination);
    return goneContent(destination, this.#compiler.nearest(destination, namespace));
  }

  #replace(publication: Publication, config: Publication['config']): void {
    this.#unindex(publication);
    publication.config = config;
    publication.content = this.#contentOf(publication, config);
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

function audienceOf(destination: string, { namespace, workload }: ProxyIdentity): Audience {
  return { destination, namespace, workload: destination === INBOUND_KEY ? workload : '' };
}

/** As JSON: a proxy may call itself anything, and must not get at what is another's. */
function publicationKey({ destination, namespace, workload }: Audience): string {
  return JSON.stringify([destination, namespace, workload]);
}
