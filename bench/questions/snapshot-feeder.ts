/**
 * A control plane with one destination, for the bench that swaps snapshots under load.
 *
 * It speaks the contract of `api/wire.ts` and nothing more: no YAML, no world, no versions of its
 * own, so that what is measured is the proxy's swap. Called by `table.ts`.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import {
  type ControlMessage,
  type DestinationConfig,
  type ProxyMessage,
  WIRE_UPGRADE,
} from '@remora/api/wire.ts';

export interface Swap {
  readonly version: string;
  /** Unix milliseconds. */
  readonly sentAtMs: number;
  /** Until the proxy said that it applied it; null: it never did. */
  appliedAfterMs: number | null;
}

export class SnapshotFeeder {
  readonly swaps: Swap[] = [];
  /** What a proxy said when it could not take a snapshot. */
  readonly refusals: string[] = [];
  readonly #server: Server;
  readonly #subscribed = new Set<Socket>();
  readonly #open = new Set<Socket>();
  readonly #key: string;
  /** Written out beforehand: what writes half a megabyte shares its core with the load. */
  readonly #texts: readonly string[];
  #chosen = 0;
  #version = 'first';

  /** All are of one destination; the first is served until the first swap. */
  constructor(configs: readonly DestinationConfig[]) {
    this.#key = configs[0]!.key;
    this.#texts = configs.map((config) => JSON.stringify(config));
    this.#server = createServer((_request, response) => response.writeHead(404).end());
    this.#server.on('upgrade', (_request, socket, first: Buffer) => {
      this.#accept(socket as Socket, first);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  swap(chosen: number, version: string): void {
    this.#chosen = chosen;
    this.#version = version;
    this.swaps.push({ version, sentAtMs: Date.now(), appliedAfterMs: null });
    for (const socket of this.#subscribed) this.#put(socket);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #accept(socket: Socket, first: Buffer): void {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${WIRE_UPGRADE}\r\n\r\n`,
    );
    let rest = '';
    const decoder = new StringDecoder('utf8');
    const read = (bytes: Buffer) => {
      const lines = (rest + decoder.write(bytes)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(socket, JSON.parse(line) as ProxyMessage);
    };
    socket.on('data', read);
    read(first); // Came in one piece with the upgrade.
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#subscribed.delete(socket);
    });
  }

  #take(socket: Socket, message: ProxyMessage): void {
    switch (message.type) {
      case 'hello':
        return send(socket, { type: 'welcome', protocol: 1, controlPlane: 'bench' });
      case 'ping':
        return send(socket, { type: 'ping' });
      case 'subscribe':
        if (message.destination !== this.#key) {
          return send(socket, { type: 'gone', destination: message.destination, nearest: [] });
        }
        this.#subscribed.add(socket);
        return this.#put(socket);
      case 'applied': {
        const swap = this.swaps.find((one) => one.version === message.version);
        if (swap !== undefined) swap.appliedAfterMs ??= Date.now() - swap.sentAtMs;
        return;
      }
      case 'refused':
        this.refusals.push(message.reason);
        return;
      case 'unsubscribe':
        this.#subscribed.delete(socket);
    }
  }

  #put(socket: Socket): void {
    const head = JSON.stringify({ type: 'put', destination: this.#key, version: this.#version });
    socket.write(`${head.slice(0, -1)},"config":${this.#texts[this.#chosen]}}\n`);
  }
}

function send(socket: Socket, message: ControlMessage): void {
  socket.write(`${JSON.stringify(message)}\n`);
}
