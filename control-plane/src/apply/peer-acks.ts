/**
 * What the proxies of the other replicas have applied, and how they split requests, as
 * `publish/ack-feed.ts` of each tells it.
 *
 * A replica that cannot be reached counts for nothing until it can: its proxies are about to
 * connect elsewhere. The token shown is this pod's own, for the same audience as a proxy's.
 *
 * Not pure: connections and timers. Used by `leadership.ts`, on the leader alone.
 */
import { type RequestOptions, request } from 'node:https';
import type { SplitReport } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import type { AckLine, SplitLine } from '../publish/ack-feed.ts';
import { ACKS_PATH } from '../publish/ack-feed.ts';
import type { Applied } from '../publish/acks.ts';
import { LineReader } from '../publish/line-reader.ts';

export interface PeerOptions {
  readonly port: number;
  /** The authority that signed every replica's certificate. */
  readonly ca: string;
  readonly servername: string;
  readonly token: () => Promise<string>;
  /** Something that `appliedBy` answers has changed. */
  readonly onChange: () => void;
  readonly onSplit?: (report: SplitReport) => void;
  readonly log: Log;
}

export class PeerAcks {
  readonly #options: PeerOptions;
  readonly #peers = new Map<string, Peer>();

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  /** The addresses of all other replicas; replaces what was said before. */
  setPeers(addresses: readonly string[]): void {
    const wanted = new Set(addresses.slice(0, limits.ackFeedsMax));
    for (const [address, peer] of this.#peers) {
      if (wanted.has(address)) continue;
      peer.close();
      this.#peers.delete(address);
      this.#options.onChange();
    }
    for (const address of wanted) {
      if (!this.#peers.has(address)) this.#peers.set(address, new Peer(address, this.#options));
    }
  }

  /** `own`: of this replica's proxies. A proxy is connected to one replica. */
  with(source: string, own: Applied): Applied {
    let { applied, interested } = own;
    const refused = [...own.refused];
    for (const { known } of this.#peers.values()) {
      const more = known.get(source);
      if (more === undefined) continue;
      applied += more.applied;
      interested += more.interested;
      refused.push(...more.refused);
    }
    return { applied, interested, refused };
  }

  /** Replicas whose proxies are not counted now. */
  get silent(): number {
    return [...this.#peers.values()].filter(({ isTelling }) => !isTelling).length;
  }

  close(): void {
    this.setPeers([]);
  }
}

class Peer {
  readonly known = new Map<string, AckLine>();
  readonly #address: string;
  readonly #options: PeerOptions;
  #end: () => void = () => {};
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;
  isTelling = false;

  constructor(address: string, options: PeerOptions) {
    this.#address = address;
    this.#options = options;
    void this.#connect();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#end();
  }

  async #connect(): Promise<void> {
    const { port, ca, servername, token } = this.#options;
    let authorization: string;
    try {
      authorization = `Bearer ${await token()}`;
    } catch (error) {
      return this.#lost(String(error));
    }
    if (this.#isClosed) return;
    const host = this.#address;
    const wanted: RequestOptions = {
      ...{ host, port, path: ACKS_PATH, ca, servername },
      headers: { authorization },
      agent: false,
    };
    const asked = request(wanted);
    this.#end = () => void asked.destroy();
    let why = 'the connection closed';
    asked.on('error', (error) => {
      why = error.message;
    });
    asked.on('close', () => this.#lost(why));
    asked.setTimeout(limits.peerSilenceMs, () => asked.destroy(new Error('silent')));
    asked.on('response', (answer) => {
      if (answer.statusCode !== 200) return void asked.destroy(new Error(`${answer.statusCode}`));
      const reader = new LineReader(limits.ackLineBytesMax);
      answer.on('data', (chunk: Buffer) => {
        const lines = reader.push(chunk);
        if (lines === null) return void asked.destroy(new Error('a line is too long'));
        this.isTelling = true;
        try {
          this.#hear(lines);
        } catch (error) {
          // A replica of another version: what it says counts for nothing, and ends nobody else.
          asked.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
      answer.on('error', () => {});
    });
    asked.end();
  }

  #hear(lines: readonly string[]): void {
    for (const line of lines) {
      if (line === '') continue;
      const told = JSON.parse(line) as AckLine | SplitLine;
      if ('split' in told) {
        this.#options.onSplit?.(told.split);
        continue;
      }
      if (told.interested === 0) this.known.delete(told.source);
      else this.known.set(told.source, told);
    }
    this.#options.onChange();
  }

  #lost(why: string): void {
    this.isTelling = false;
    this.known.clear();
    if (this.#isClosed) return;
    this.#options.log.warn({ peer: this.#address }, `acknowledgements of a replica: ${why}`);
    this.#options.onChange();
    this.#retry = setTimeout(() => void this.#connect(), limits.peerRetryMs);
    this.#retry.unref();
  }
}
