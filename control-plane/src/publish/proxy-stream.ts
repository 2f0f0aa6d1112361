/**
 * One proxy's connection: lines in and out, within bounds, until silence or a mistake ends it.
 *
 * Lines wait in the outbox, not in the socket: Node would queue without limit for a peer that does
 * not read. The first message must be `hello`; nothing is sent to a peer that has not said who it
 * is. Nothing here knows what a destination is.
 *
 * Used by `config-server.ts`, which owns the heartbeat's clock.
 */
import type { Duplex } from 'node:stream';
import { type ProxyIdentity, type ProxyMessage, wireLimits } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { LineReader } from './line-reader.ts';
import { Outbox } from './outbox.ts';
import { readProxyMessage } from './proxy-messages.ts';
import { lineOf } from './publication.ts';

const PING = lineOf({ type: 'ping' });

export interface StreamHandlers {
  onMessage(stream: ProxyStream, message: ProxyMessage): void;
  onClose(stream: ProxyStream, why: string): void;
}

export class ProxyStream {
  /** The versions that the proxy held when it came; each is good for one subscription. */
  readonly known = new Map<string, string>();
  readonly destinations = new Set<string>();
  readonly #socket: Duplex;
  readonly #handlers: StreamHandlers;
  readonly #reader = new LineReader(wireLimits.lineBytesMax);
  readonly #outbox = new Outbox();
  readonly #identity: ProxyIdentity | null;
  #proxy: ProxyIdentity | null = null;
  #heardAtMs: number;
  #closed = false;

  /** `identity`: who it is by its token; null: who its hello says. */
  constructor(
    socket: Duplex,
    handlers: StreamHandlers,
    nowMs: number,
    identity: ProxyIdentity | null = null,
  ) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#identity = identity;
    this.#heardAtMs = nowMs;
    socket.on('drain', () => this.#flush());
    socket.on('error', (error: Error) => this.close(error.message));
    socket.on('end', () => this.close('the proxy closed its stream'));
    socket.on('close', () => this.close('the connection closed'));
  }

  /** Only after `hello`: the server calls `onMessage` for nothing before it. */
  get proxy(): ProxyIdentity {
    if (this.#proxy === null) throw new Error('The proxy has not said hello');
    return this.#proxy;
  }

  get isKnown(): boolean {
    return this.#proxy !== null;
  }

  receive(chunk: Buffer, nowMs: number): void {
    this.#heardAtMs = nowMs;
    const lines = this.#reader.push(chunk);
    // A proxy that comes says a dozen things at once: their answers are one write, one TLS record.
    this.#socket.cork();
    for (const line of lines ?? []) {
      if (this.#closed) break;
      this.#read(line);
    }
    this.#socket.uncork();
    if (lines === null) this.close(`a line is over ${wireLimits.lineBytesMax} bytes`);
  }

  send(destination: string, line: string): void {
    if (this.#closed) return;
    this.#outbox.put(destination, line);
    this.#flush();
  }

  /** A line that is not about a destination. */
  say(line: string): void {
    if (!this.#closed) this.#socket.write(line);
  }

  /** The same, unless the peer does not read: then nothing is sent, and it is false. */
  sayIfRoom(line: string): boolean {
    if (this.#closed || this.#socket.writableLength >= limits.unsentBytesMax) return false;
    this.#socket.write(line);
    return true;
  }

  /** Forgets what waits for a destination that the proxy no longer wants. */
  forget(destination: string): void {
    this.#outbox.drop(destination);
  }

  /** Once per heartbeat: pings, and ends a stream that has been silent for too long. */
  beat(nowMs: number): void {
    if (nowMs - this.#heardAtMs > wireLimits.silenceMs) {
      this.close(`silent for over ${wireLimits.silenceMs} ms`);
    } else if (this.#socket.writableLength < limits.unsentBytesMax) {
      this.say(PING);
    }
  }

  close(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#handlers.onClose(this, why);
  }

  #read(line: string): void {
    const reading = readProxyMessage(line);
    if (reading.is === 'unknown') return;
    if (reading.is === 'mistake') return this.close(reading.why);
    const { message } = reading;
    if ((message.type === 'hello') === this.isKnown) {
      return this.close(this.isKnown ? 'a second hello' : `${message.type} before hello`);
    }
    if (message.type === 'hello') {
      this.#proxy = this.#identity ?? message.proxy;
      for (const [destination, version] of Object.entries(message.known)) {
        this.known.set(destination, version);
      }
    }
    this.#handlers.onMessage(this, message);
  }

  #flush(): void {
    if (this.#closed || this.#socket.writableLength >= limits.unsentBytesMax) return;
    this.#outbox.drain((line) => {
      this.#socket.write(line);
      return this.#socket.writableLength < limits.unsentBytesMax;
    });
  }
}
