/**
 * A control plane of a few lines, for tests of the proxy: it says what the test tells it to say.
 *
 * The real one decides what to send and when. Here a test puts a version, reads the answer, drops
 * the stream, or goes silent, and so can reach every corner of the proxy's side. It speaks the
 * stream of `api/src/wire.ts` and nothing else.
 *
 * Used by process-level tests that change configuration under load.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import {
  type ControlMessage,
  type DestinationConfig,
  type ProxyMessage,
  WIRE_PATH,
  WIRE_UPGRADE,
} from '@remora/api/wire.ts';
import { INBOUND_KEY, type InboundConfig } from '@remora/api/wire-resilience.ts';
import { versionOf } from './snapshot.ts';
import { until } from './waiting.ts';

export class ControlStub {
  readonly #server: Server = createServer();
  readonly #streams = new Set<Duplex>();
  readonly #configs = new Map<string, DestinationConfig>();
  readonly #silent = new Set<string>();
  #inbound: InboundConfig | null = null;
  /** All that proxies said, in order. */
  readonly heard: ProxyMessage[] = [];

  constructor() {
    this.#server.on('upgrade', (request, socket) => {
      if (request.url !== WIRE_PATH || request.headers.upgrade !== WIRE_UPGRADE) {
        socket.destroy();
        return;
      }
      this.#open(socket);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  /**
   * Sets a destination, and pushes it to every stream. Returns its version. `subscribed`: the
   * address that it is asked for by.
   */
  put(config: DestinationConfig, subscribed: string = config.key): string {
    this.#configs.set(subscribed, config);
    const version = versionOf(config);
    this.#say({ type: 'put', destination: subscribed, version, config });
    return version;
  }

  /** What was there is no longer. */
  remove(destination: string): void {
    this.#configs.delete(destination);
    this.#say({ type: 'gone', destination, nearest: [] });
  }

  /** A destination that is asked for, and never answered. */
  keepSilentOf(destination: string): void {
    this.#silent.add(destination);
  }

  /** Sets what the application beside a proxy is told, and pushes it. Returns its version. */
  putInbound(config: InboundConfig): string {
    this.#inbound = config;
    const version = versionOf(config);
    this.#say({ type: 'put-inbound', version, config });
    return version;
  }

  /** Resolves once a proxy has said that it applied, or refused, this version. */
  async answered(version: string): Promise<ProxyMessage> {
    const find = () =>
      this.heard.find(
        (message) =>
          (message.type === 'applied' || message.type === 'refused') && message.version === version,
      );
    await until(() => find() !== undefined, `an answer to version ${version}`);
    return find()!;
  }

  /** Cuts every stream. */
  drop(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #open(socket: Duplex): void {
    this.#streams.add(socket);
    socket.on('close', () => this.#streams.delete(socket));
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${WIRE_UPGRADE}\r\n\r\n`,
    );
    const lines = createInterface({ input: socket });
    // A proxy that is killed resets its stream; `readline` passes that on as an error of its own.
    socket.on('error', () => {});
    lines.on('error', () => {});
    lines.on('line', (line) => {
      const message: ProxyMessage = JSON.parse(line);
      this.heard.push(message);
      if (message.type === 'hello') {
        this.#say({ type: 'welcome', protocol: 1, controlPlane: 'stub' });
      } else if (message.type === 'subscribe') {
        this.#answer(message.destination);
      } else if (message.type === 'ping') {
        this.#say({ type: 'ping' });
      }
    });
  }

  #answer(destination: string): void {
    const inbound = destination === INBOUND_KEY ? this.#inbound : null;
    if (inbound !== null) {
      return this.#say({ type: 'put-inbound', version: versionOf(inbound), config: inbound });
    }
    if (this.#silent.has(destination)) return;
    const config = this.#configs.get(destination);
    if (config === undefined) this.#say({ type: 'gone', destination, nearest: [] });
    else this.#say({ type: 'put', destination, version: versionOf(config), config });
  }

  #say(message: ControlMessage): void {
    for (const stream of this.#streams) stream.write(`${JSON.stringify(message)}\n`);
  }
}
