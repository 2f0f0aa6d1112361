/**
 * Proxies' streams: an HTTP/1.1 upgrade on whatever listeners `control-plane.ts` hands over.
 *
 * An upgrade and not an own port: one address to configure, and pages and probes can stand beside
 * it. Who a proxy is says its token, where there are tokens, before the stream is opened; what it
 * then says of itself is not believed.
 *
 * Owns the heartbeat. Which proxy is sent what is decided in `publisher.ts`.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type ProxyIdentity,
  type ProxyMessage,
  WIRE_PATH,
  WIRE_UPGRADE,
  wireLimits,
} from '@remora/api/wire.ts';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import * as limits from '../limits.ts';
import type { Log } from '../log.ts';
import { ProxyQueries } from './proxy-queries.ts';
import { ProxyStream } from './proxy-stream.ts';
import { lineOf } from './publication.ts';
import type { Publisher } from './publisher.ts';
import type { QueryWorld } from './query-pages.ts';
import type { RealisedSplits } from './realised-splits.ts';

/** Who opens a stream, or why nobody may: a status, and words for the proxy's log. */
export type Admission =
  | { readonly identity: ProxyIdentity }
  | { readonly identity: null; readonly status: 401 | 403 | 503; readonly why: string };

export interface ConfigServerOptions {
  readonly publisher: Publisher;
  readonly splits: Pick<RealisedSplits, 'hear'>;
  /** The name in `welcome`. */
  readonly controlPlane: string;
  /** By the token of the request; null: everybody is who it says, as on one machine. */
  readonly authenticate: ((token: string | null) => Promise<Admission>) | null;
  readonly log: Log;
}

export class ConfigServer {
  readonly #options: ConfigServerOptions;
  readonly #streams = new Set<ProxyStream>();
  /** By `namespace/name`. */
  readonly #byName = new Map<string, ProxyStream>();
  readonly #queries = new ProxyQueries();
  readonly #heart: NodeJS.Timeout;
  /** Upgrades whose token is being looked at. */
  #arriving = 0;
  #isClosed = false;

  constructor(options: ConfigServerOptions) {
    this.#options = options;
    this.#heart = setInterval(() => this.#beat(), wireLimits.heartbeatMs);
    this.#heart.unref();
  }

  /** Takes the upgrades of a listener, which its owner opens and closes. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#accept(request, socket, head);
    });
  }

  /** Proxies that have said hello, with how many destinations each uses. */
  proxies(): readonly { name: string; namespace: string; workload: string; uses: number }[] {
    const known = [...this.#byName.values()];
    return known.map(({ proxy, destinations }) => {
      const uses = destinations.size - Number(destinations.has(INBOUND_KEY));
      return { ...proxy, uses };
    });
  }

  /** Of whom `query-pages.ts` asks. */
  get asked(): QueryWorld {
    return { byName: this.#byName, queries: this.#queries };
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#heart);
    for (const stream of [...this.#streams]) stream.close('the control plane is closing');
    this.#queries.close();
  }

  async #accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Whoever leaves while its token is looked at.
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const why = this.#refusalOf(request);
    if (why !== null) return refuse(socket, 400, why);
    this.#arriving++;
    const admission = await this.#admission(request);
    this.#arriving--;
    if (admission !== null && admission.identity === null) {
      this.#options.log.warn({ from: request.socket.remoteAddress }, admission.why);
      return refuse(socket, admission.status, admission.why);
    }
    if (socket.destroyed || this.#isClosed) return void socket.destroy();
    socket.off('error', onError);
    this.#open(socket, head, admission?.identity ?? null);
  }

  async #admission(request: IncomingMessage): Promise<Admission | null> {
    const { authenticate } = this.#options;
    if (authenticate === null) return null;
    try {
      return await authenticate(bearerOf(request.headers.authorization));
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      return { identity: null, status: 503, why: `the token cannot be looked at: ${cause}` };
    }
  }

  #open(socket: Duplex, head: Buffer, identity: ProxyIdentity | null): void {
    const stream = new ProxyStream(
      socket,
      {
        onMessage: (from, message) => this.#hear(from, message),
        onClose: (from, reason) => this.#leave(from, reason),
      },
      performance.now(),
      identity,
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
    if (this.#streams.size + this.#arriving >= limits.proxiesMax) {
      return `Over ${limits.proxiesMax} proxies`;
    }
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
      case 'splits':
        return this.#options.splits.hear(message.splits);
      case 'ping':
        return;
    }
  }

  #welcome(stream: ProxyStream): void {
    const { controlPlane, log } = this.#options;
    const name = nameOf(stream);
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
    const name = nameOf(stream);
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
}

/** Null: there is none. */
export function bearerOf(authorization = ''): string | null {
  return /^Bearer (\S+)$/.exec(authorization)?.[1] ?? null;
}

/** Pods of two namespaces may be called the same. */
function nameOf({ proxy }: ProxyStream): string {
  return `${proxy.namespace}/${proxy.name}`;
}

function refuse(socket: Duplex, status: 400 | 401 | 403 | 503, why: string): void {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain\r\n`;
  socket.end(`${head}connection: close\r\n\r\n${why}\n`);
}
