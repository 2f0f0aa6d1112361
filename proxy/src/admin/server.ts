/**
 * The two listeners beside the data ports: probes and metrics for the pod's network, and loopback.
 *
 * On `node:http`: these are pages for people and scrapers, off the data path, and everything about
 * them is bounded: connections, head, body, time. A request with an Origin is refused, so that no
 * web page in somebody's browser can drain a sidecar on a laptop.
 *
 * Owns its sockets. Made by `proxy.ts`, twice.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { limits } from '../limits.ts';
import { configPage } from './config-page.ts';
import { drainPage } from './drain-page.ts';
import type { ListenAddress } from '../net/listener.ts';
import { livePage } from './live-page.ts';
import { metricsPage } from './metrics-page.ts';
import { type AdminWorld, answerText, type Page } from './page.ts';
import { readyPage } from './ready-page.ts';
import { statsPage } from './stats-page.ts';

/** For kubelet and Prometheus, on the pod's address: nothing here gives orders. */
export const METRICS_PAGES: readonly Page[] = [livePage, readyPage, metricsPage];
/** For who is on the machine. */
export const ADMIN_PAGES: readonly Page[] = [...METRICS_PAGES, configPage, statsPage, drainPage];

export class AdminServer {
  readonly #pages: readonly Page[];
  readonly #world: AdminWorld;
  readonly #server: Server;

  constructor(pages: readonly Page[], world: AdminWorld) {
    this.#pages = pages;
    this.#world = world;
    this.#server = createServer(
      {
        headersTimeout: limits.adminTimeoutMs,
        requestTimeout: limits.adminTimeoutMs,
        keepAliveTimeout: limits.adminTimeoutMs,
        maxHeaderSize: limits.adminHeadBytesMax,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = limits.adminConnectionsMax;
  }

  /** Where it listens, as `host:port`. */
  async listen(at: ListenAddress): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(at.port, at.host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const { address, port } = this.#server.address() as AddressInfo;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    boundBody(request);
    const path = request.url?.split('?', 1)[0];
    const known = this.#pages.filter((page) => page.path === path);
    if (known.length === 0) return answerText(response, 404, `no such page: ${this.#paths()}\n`);
    const page = known.find(({ method }) => method === request.method);
    if (page === undefined) {
      response.setHeader('allow', known.map(({ method }) => method).join(', '));
      return answerText(response, 405, 'method not allowed\n');
    }
    if (request.headers.origin !== undefined) {
      return answerText(response, 403, 'not for web pages\n');
    }
    try {
      await page.answer(this.#world, response);
    } catch {
      response.destroy(); // Half an answer must not look like a whole one.
    }
  }

  #paths(): string {
    return this.#pages.map(({ path }) => path).join(' ');
  }
}

/** No page wants a body; one that is sent all the same is thrown away, up to a bound. */
function boundBody(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limits.adminBodyBytesMax) request.destroy();
  });
}
