/**
 * Many clients that do not know of each other: each request on an idle connection or a new one.
 *
 * There is no bound that makes a request wait, since real callers have none in common: only as many
 * connections as requests are under way, at most `CONNECTIONS_MAX`. At its deadline a client closes
 * its connection, which is all that a server gets to know.
 *
 * Owned by one load run; writes its `Records`.
 */
import { ClientConnection, type ConnectionUser } from './client-connection.ts';
import { ENDS } from './load-order.ts';
import type { Records } from './records.ts';

const CONNECTIONS_MAX = 8_000;

export interface ClientsOptions {
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly deadlineMs: number;
  readonly firstKey: number;
  /** Called at each end, with the request's index. */
  readonly onEnd?: (at: number) => void;
}

export class Clients implements ConnectionUser {
  readonly #options: ClientsOptions;
  readonly #records: Records;
  readonly #idle = new Map<number, ClientConnection[]>();
  readonly #busy = new Map<number, ClientConnection>();
  #connections = 0;

  constructor(options: ClientsOptions, records: Records) {
    this.#options = options;
    this.#records = records;
  }

  send(at: number, port: number, leftMs: number, critical: boolean): void {
    const connection = this.#idle.get(port)?.pop() ?? this.#open(port);
    if (connection === null) {
      this.#end(at, ENDS.refused);
      return;
    }
    this.#busy.set(at, connection);
    const key = this.#options.firstKey + at;
    this.#records.sent(at);
    connection.send(at, key, this.#requestText(key, critical));
    setTimeout(() => this.#onDeadline(at), Math.max(0, leftMs));
  }

  ended(connection: ClientConnection, at: number, end: number, reusable: boolean): void {
    this.#busy.delete(at);
    if (reusable) this.#idleOf(connection.port).push(connection);
    else this.#connections--;
    this.#end(at, end);
  }

  lost(connection: ClientConnection, end: number): void {
    if (end === ENDS.wrong) this.#records.unasked++;
    this.#connections--;
    const idle = this.#idleOf(connection.port);
    const at = idle.indexOf(connection);
    if (at !== -1) idle.splice(at, 1);
  }

  /** What is still awaited has missed its deadline: only our own timer was late. */
  close(): void {
    for (const at of [...this.#busy.keys()]) this.#onDeadline(at);
    for (const connections of this.#idle.values()) {
      for (const connection of connections) connection.abandon();
    }
  }

  #open(port: number): ClientConnection | null {
    if (this.#connections >= CONNECTIONS_MAX) return null;
    this.#connections++;
    return new ClientConnection(port, this);
  }

  #onDeadline(at: number): void {
    const connection = this.#busy.get(at);
    if (connection === undefined) return;
    this.#busy.delete(at);
    this.#connections--;
    connection.abandon();
    this.#end(at, ENDS.deadline);
  }

  #end(at: number, end: number): void {
    if (this.#records.end(at, end)) this.#options.onEnd?.(at);
  }

  #idleOf(port: number): ClientConnection[] {
    const idle = this.#idle.get(port) ?? [];
    this.#idle.set(port, idle);
    return idle;
  }

  #requestText(key: number, critical: boolean): string {
    const { host, method } = this.#options;
    const body = method === 'POST' ? `pay ${key}` : '';
    const framing = method === 'POST' ? `Content-Length: ${body.length}\r\n` : '';
    const grade = critical ? 'X-Class: critical\r\n' : '';
    const start = `${method} /items HTTP/1.1\r\nHost: ${host}\r\nX-Key: ${key}\r\n`;
    return `${start}${grade}${framing}\r\n${body}`;
  }
}
