/**
 * The control plane's listener: proxies' streams (an HTTP/1.1 upgrade), and a few pages as JSON.
 *
 * An upgrade on `node:http` and not an own port: one address to configure, and probes and the live
 * view come for free. Every request that is not known answers 404 with what is known. What people
 * ask of proxies is in `query-pages.ts`.
 *
 * Owns the sockets and the heartbeat. Which proxy is sent what is decided in `publisher.ts`.
 * Started by `control-plane.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ProxyMessage, WIRE_PATH, WIRE_UPGRADE, wireLimits } from '@remora/api/wire.ts';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { ProxyQueries } from './proxy-queries.ts';
import { ProxyStream } from './proxy-stream.ts';
import { lineOf } from './publication.ts';
import type { Publisher } from './publisher.ts';
import { QUERY_PAGES, queryPage } from './query-pages.ts';

const PAGES = ['/v1/status', ...QUERY_PAGES, '/live', '/ready'];

export interface ConfigServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly publisher: Publisher;
  /** The name in `welcome`. */
  readonly controlPlane: string;
  readonly status: () => unknown;
  readonly ready: () => boolean;
  readonly log: Log;
}

export class ConfigServer {
  readonly #options: ConfigServerOptions;
  readonly #server: Server;
  readonly #streams = new Set<ProxyStream>();
  readonly #byName = new Map<string, ProxyStream>();
  readonly #queries = new ProxyQueries();
  readonly #heart: NodeJS.Timeout;

  constructor(options: ConfigServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#accept(request, socket, head);
    });
    this.#heart = setInterval(() => this.#beat(), wireLimits.heartbeatMs);
    this.#heart.unref();
  }

  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#options.listen;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return this.#server.address() as AddressInfo;
  }

  /** Proxies that have said hello, with how many destinations each uses. */
  proxies(): readonly { name: string; namespace: string; workload: string; uses: number }[] {
    const known = [...this.#byName.values()];
    return known.map(({ proxy, destinations }) => {
      const uses = destinations.size - Number(destinations.has(INBOUND_KEY));
      return { ...proxy, uses };
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#heart);
    for (const stream of [...this.#streams]) stream.close('the control plane is closing');
    this.#queries.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const why = this.#refusalOf(request);
    if (why !== null) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n${why}\n`);
      return;
    }
    const stream = new ProxyStream(
      socket,
      {
        onMessage: (from, message) => this.#hear(from, message),
        onClose: (from, reason) => this.#leave(from, reason),
      },
      performance.now(),
    );
    this.#streams.add(stream);
    const upgrade = `upgrade: ${WIRE_UPGRADE}\r\nconnection: upgrade`;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n\r\n`);
    socket.on('data', (chunk: Buffer) => stream.receive(chunk, performance.now()));
    if (head.length > 0) stream.receive(head, performance.now());
  }

  #refusalOf(request: IncomingMessage): string | null {
    if (request.url !== WIRE_PATH) return `The stream is at ${WIRE_PATH}`;
    if (request.headers.upgrade !== WIRE_UPGRADE) return `Upgrade must be ${WIRE_UPGRADE}`;
    if (this.#streams.size >= limits.proxiesMax) return `Over ${limits.proxiesMax} proxies`;
    return null;
  }

  #hear(stream: ProxyStream, message: ProxyMessage): void {
    const { publisher } = this.#options;
    switch (message.type) {
      case 'hello':
        return this.#welcome(stream);
      case 'subscribe':
        return this.#subscribe(stream, message.destination);
      case 'unsubscribe':
        stream.destinations.delete(message.destination);
        stream.forget(message.destination);
        return publisher.unsubscribe(stream, message.destination);
      case 'applied': {
        const { destination, version } = message;
        return publisher.acknowledge(stream, destination, { applied: version, refused: null });
      }
      case 'refused': {
        const { destination, version, reason } = message;
        this.#options.log.warn(
          { proxy: stream.proxy.name, destination, version, reason },
          'refused',
        );
        return publisher.acknowledge(stream, destination, { refused: { version, reason } });
      }
      case 'answer':
        return this.#queries.hear(stream, message);
      case 'ping':
        return;
    }
  }

  #welcome(stream: ProxyStream): void {
    const { controlPlane, log } = this.#options;
    const { name } = stream.proxy;
    // A proxy that comes back before its old connection was found dead is one proxy, not two.
    this.#byName.get(name)?.close('the proxy connected again');
    this.#byName.set(name, stream);
    stream.say(lineOf({ type: 'welcome', protocol: 1, controlPlane }));
    log.info({ proxy: name, known: stream.known.size }, 'proxy connected');
  }

  #subscribe(stream: ProxyStream, destination: string): void {
    if (stream.destinations.has(destination)) return;
    if (stream.destinations.size >= wireLimits.subscriptionsMax) {
      return stream.close(`over ${wireLimits.subscriptionsMax} subscriptions`);
    }
    stream.destinations.add(destination);
    const known = stream.known.get(destination) ?? null;
    stream.known.delete(destination);
    this.#options.publisher.subscribe(stream, destination, known);
  }

  #leave(stream: ProxyStream, why: string): void {
    this.#streams.delete(stream);
    if (!stream.isKnown) return;
    this.#queries.left(stream, why);
    const { name } = stream.proxy;
    if (this.#byName.get(name) === stream) this.#byName.delete(name);
    for (const destination of stream.destinations) {
      this.#options.publisher.unsubscribe(stream, destination);
    }
    this.#options.log.info({ proxy: name, why }, 'proxy left');
  }

  #beat(): void {
    const nowMs = performance.now();
    for (const stream of [...this.#streams]) stream.beat(nowMs);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET') return reply(response, 405, { error: 'Only GET is answered' });
    if (path === '/v1/status') return reply(response, 200, this.#options.status());
    if (path === '/live') return reply(response, 200, { live: true });
    if (path === '/ready') {
      const ready = this.#options.ready();
      return reply(response, ready ? 200 : 503, { ready });
    }
    const page = queryPage(request.url ?? '/', { byName: this.#byName, queries: this.#queries });
    if (page === null) return reply(response, 404, { error: 'No such page', pages: PAGES });
    void page.then(({ status, body }) => reply(response, status, body));
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
