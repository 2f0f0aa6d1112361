/**
 * One answer of an admin page, written as it comes: the head, then pieces, then the end of the
 * connection. A connection carries one page: scrapers and probes ask seldom.
 *
 * Owns nothing but the socket it is given. Made by `server.ts`, written by the pages.
 */
import type { Socket } from 'node:net';
import { reasonPhrase } from '../http1/reason-phrases.ts';
import * as limits from '../limits.ts';
import { plainAddress } from '../net/address.ts';

export class PageAnswer {
  readonly #socket: Socket;
  readonly #isHead: boolean;

  constructor(socket: Socket, isHead: boolean) {
    this.#socket = socket;
    this.#isHead = isHead;
  }

  /** The client has left: what is written goes nowhere. */
  get isGone(): boolean {
    return !this.#socket.writable;
  }

  /** Where the request came to, as it is dialled: IPv4 on a listener of both families is IPv4. */
  get localAddress(): string {
    return plainAddress(this.#socket.localAddress ?? '');
  }

  /** The answer takes so long at most; `onGone` is called when the connection has ended. */
  waitFor(ms: number, onGone: () => void): void {
    this.#socket.setTimeout(ms + limits.adminTimeoutMs);
    this.#socket.once('close', onGone);
  }

  /** A short answer, whole. `extra` are further lines, each with CRLF. */
  text(status: number, text: string, extra = ''): void {
    this.begin(status, 'text/plain; charset=utf-8', extra);
    this.write(text);
    this.end();
  }

  /** The body ends with the connection. */
  begin(status: number, contentType: string, extra = ''): void {
    this.#socket.write(
      `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\ncontent-type: ${contentType}\r\n` +
        `cache-control: no-store\r\n${extra}connection: close\r\n\r\n`,
    );
  }

  /** False: wait for `drained` before writing on. */
  write(piece: string): boolean {
    return this.#isHead || this.#socket.write(piece);
  }

  /** Resolves when the client has read on, or has left. */
  drained(): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }

  end(): void {
    this.#socket.end();
  }

  /** Cuts the answer off: half of it must not look like the whole. */
  abort(): void {
    this.#socket.resetAndDestroy();
  }
}
