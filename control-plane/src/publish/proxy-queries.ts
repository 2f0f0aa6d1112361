/**
 * Asks proxies over their streams, and waits for their answers: no longer than `answerMs`.
 *
 * A proxy that does not answer (an older version, one that hangs, one that left meanwhile) becomes
 * a reply that says why, and holds nobody up. Only the proxy that was asked may answer, once.
 * Bounded: queries that wait, taps at a time; a proxy that does not read is not asked at all.
 * Replies are handed over as they come and not kept: a thousand answers would be a gigabyte.
 *
 * Impure in its timers. Owned by `config-server.ts`; called by `query-pages.ts`.
 */
import { type ProxyMessage, type ProxyQuery, wireLimits } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { lineOf } from './publication.ts';

type Answer = Extract<ProxyMessage, { readonly type: 'answer' }>;

/** A proxy as it is asked; a `ProxyStream`. */
export interface AskedProxy {
  readonly proxy: { readonly name: string };
  /** False: it does not read. */
  sayIfRoom(line: string): boolean;
}

export interface ProxyReply {
  readonly proxy: string;
  /** Null: there is none, and `why`. */
  readonly answer: unknown;
  readonly why: string;
}

interface Waiting {
  readonly proxy: AskedProxy;
  readonly take: (reply: ProxyReply) => void;
}

export class ProxyQueries {
  readonly #answerMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #taps = 0;

  /** Another time only for tests. */
  constructor(answerMs: number = wireLimits.answerMs) {
    this.#answerMs = answerMs;
  }

  get hasRoomForTap(): boolean {
    return this.#taps < wireLimits.tapsMax;
  }

  /** Whether so many proxies can be asked now. */
  hasRoomFor(count: number): boolean {
    return this.#waiting.size + count <= limits.queriesMax;
  }

  /** Takes one reply for each proxy, as they come; resolves after the last. Never rejects. */
  async ask(
    proxies: readonly AskedProxy[],
    query: ProxyQuery,
    take: (reply: ProxyReply) => void,
  ): Promise<void> {
    const isTap = query.kind === 'tap';
    if (isTap) this.#taps++;
    try {
      await this.#askAll(proxies, query, take);
    } finally {
      if (isTap) this.#taps--;
    }
  }

  /** An answer to what was not asked, or came too late, is nothing. */
  hear(from: AskedProxy, { id, answer, why }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.proxy !== from) return;
    if (answer === undefined || answer === null) this.#giveUp(id, why ?? 'it has no answer');
    else this.#end(id, { proxy: from.proxy.name, answer, why: '' });
  }

  left(proxy: AskedProxy, why: string): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.proxy === proxy) this.#giveUp(id, `it left: ${why}`);
    }
  }

  close(): void {
    for (const id of [...this.#waiting.keys()]) this.#giveUp(id, 'the control plane is closing');
  }

  /** One timer for all of them. */
  #askAll(
    proxies: readonly AskedProxy[],
    query: ProxyQuery,
    take: (reply: ProxyReply) => void,
  ): Promise<void> {
    const all = Promise.withResolvers<void>();
    const ids = proxies.map(() => ++this.#lastId);
    let left = ids.length;
    const timer = setTimeout(() => {
      const why = `no answer in ${this.#answerMs} ms: it hangs, or is of an older version`;
      for (const id of ids) this.#giveUp(id, why);
    }, this.#answerMs);
    const end = (): void => {
      clearTimeout(timer);
      all.resolve();
    };
    for (const [at, proxy] of proxies.entries()) {
      const id = ids[at] ?? 0;
      const takeOne = (reply: ProxyReply): void => {
        take(reply);
        if (--left === 0) end();
      };
      this.#waiting.set(id, { proxy, take: takeOne });
      const isSent = proxy.sayIfRoom(lineOf({ type: 'query', id, query }));
      if (!isSent) this.#giveUp(id, 'it does not read its stream');
    }
    if (ids.length === 0) end();
    return all.promise;
  }

  #giveUp(id: number, why: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined)
      this.#end(id, { proxy: waiting.proxy.proxy.name, answer: null, why });
  }

  #end(id: number, reply: ProxyReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.take(reply);
  }
}
