/**
 * What the control plane listens on in a cluster, three doors with three kinds of visitors.
 *
 *   15410  TLS, proxies: their streams, and other replicas' questions for acknowledgements
 *   15412  loopback, people: the pages, by way of `kubectl port-forward`, which RBAC guards
 *   15413  kubelet and Prometheus: /live /ready /metrics
 *
 * (15411 is the API server's: `webhook/server.ts`.)
 *
 * Not pure: sockets. Made by `cluster.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ports } from '@remora/api/ports.ts';
import type { Core } from './core.ts';
import { secureContext, type ServingCertificate } from './identity/serving-certificate.ts';
import { ACKS_PATH, type AckFeeds } from './publish/ack-feed.ts';
import { closeListener, openListener } from './publish/http-listener.ts';

/** Both ends are ours. */
const STREAMS_TLS = 'TLSv1.3';

export interface ClusterListenersOptions {
  readonly core: Core;
  readonly certificate: ServingCertificate;
  readonly feeds: AckFeeds;
  /** Whether a request is another replica's, by its token. */
  readonly isReplica: (authorization: string | undefined) => Promise<boolean>;
  /** The Prometheus page. */
  readonly metrics: () => Promise<string>;
  /** `::` or `0.0.0.0`. */
  readonly host: string;
}

export class ClusterListeners {
  readonly #options: ClusterListenersOptions;
  readonly #open: Server[] = [];

  constructor(options: ClusterListenersOptions) {
    this.#options = options;
  }

  /** The doors at which nobody must find an empty house come last. */
  async open(): Promise<void> {
    const { core, certificate, host } = this.#options;
    const pages = createServer((request, response) => core.pages.answer(request, response));
    await this.#listen(pages, '127.0.0.1', ports.controlPages);
    const health = createServer((request, response) => void this.#health(request, response));
    await this.#listen(health, host, ports.controlHealth);
    const { createServer: createSecure } = await import('node:https');
    const streams = createSecure(
      secureContext(certificate.current(), STREAMS_TLS),
      (request, response) => void this.#peer(request, response),
    );
    certificate.onReplaced((pair) => streams.setSecureContext(secureContext(pair, STREAMS_TLS)));
    core.server.attach(streams);
    await this.#listen(streams, host, ports.control);
  }

  async close(): Promise<void> {
    for (const server of this.#open.splice(0).reverse()) await closeListener(server);
  }

  async #listen(server: Server, host: string, port: number): Promise<void> {
    await openListener(server, { host, port });
    this.#open.push(server);
  }

  async #peer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== ACKS_PATH) return say(response, 404, 'Streams of proxies, and no pages');
    if (!(await this.#options.isReplica(request.headers.authorization))) {
      return say(response, 403, 'For replicas of the control plane alone');
    }
    this.#options.feeds.add(response);
  }

  async #health({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { core, metrics } = this.#options;
    switch (url) {
      case '/live':
        return say(response, 200, 'live');
      case '/ready':
        return say(response, core.isReady ? 200 : 503, core.isReady ? 'ready' : 'not yet');
      case '/metrics':
        return say(response, 200, await metrics());
      default:
        return say(response, 404, '/live /ready /metrics');
    }
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(`${text}\n`);
}
