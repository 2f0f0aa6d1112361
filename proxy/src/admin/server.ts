/**
 * The two listeners beside the data ports: probes and metrics for the pod's network, and loopback.
 *
 * On plain sockets and our own parser: `node:http` cost each sidecar 16 MB of resident memory for
 * pages that are asked for once in seconds. Everything about a page's connection is bounded:
 * their number, head, body, time. A request with an Origin is refused, so that no web page in
 * somebody's browser can drain a sidecar on a laptop.
 *
 * Owns its sockets. Made by `proxy.ts`, twice.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Head, METHOD } from '../http1/head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseRequestHead } from '../http1/head-parser.ts';
import { refusalReason } from '../http1/refusals.ts';
import * as limits from '../limits.ts';
import type { ListenAddress } from '../net/listener.ts';
import { accessLogPages } from './access-log-page.ts';
import { configPage } from './config-page.ts';
import { drainPages } from './drain-page.ts';
import { explainPage } from './explain-page.ts';
import { livePage } from './live-page.ts';
import { metricsPage } from './metrics-page.ts';
import type { AdminWorld, Page } from './page.ts';
import { PageAnswer } from './page-answer.ts';
import { grpcProbePage, tcpProbePage } from './probe-page.ts';
import { readyPage } from './ready-page.ts';
import { statsPage } from './stats-page.ts';

/** For kubelet and Prometheus, on the pod's address: nothing here gives orders. */
export const METRICS_PAGES: readonly Page[] = [
  ...[livePage, readyPage, metricsPage],
  ...[tcpProbePage, grpcProbePage],
];
/** For who is on the machine. */
export const ADMIN_PAGES: readonly Page[] = [
  ...METRICS_PAGES,
  configPage,
  statsPage,
  explainPage,
  ...drainPages,
  ...accessLogPages,
];

function isAt({ path }: Page, asked: string): boolean {
  return path.endsWith('/') ? asked.startsWith(path) : asked === path;
}

const ORIGIN = Buffer.from('origin');

export class AdminServer {
  readonly #pages: readonly Page[];
  readonly #world: AdminWorld;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(pages: readonly Page[], world: AdminWorld) {
    this.#pages = pages;
    this.#world = world;
    this.#server = createServer((socket) => this.#onConnection(socket));
    this.#server.maxConnections = limits.adminConnectionsMax;
  }

  /** Resolves with the address in use. */
  async listen(at: ListenAddress): Promise<ListenAddress> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(at.port, at.host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** One request, one answer, and the connection ends. */
  #onConnection(socket: Socket): void {
    const head = new Head();
    let isAnswered = false;
    this.#sockets.add(socket);
    socket.setTimeout(limits.adminTimeoutMs, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      // No page wants a body: what follows the head is read and dropped, up to the bound.
      if (isAnswered) {
        if (socket.bytesRead > limits.adminBodyBytesMax + head.length) socket.destroy();
        return;
      }
      if (head.filled + bytes.length > limits.adminHeadBytesMax) return void socket.destroy();
      head.collect(bytes, 0, bytes.length);
      const outcome = parseRequestHead(head, head.slab, 0, head.filled);
      if (outcome === PARSE_INCOMPLETE) return;
      isAnswered = true;
      const answer = new PageAnswer(socket, head.method === METHOD.HEAD);
      if (outcome === PARSE_OK) void this.#answer(head, answer);
      else answer.text(400, `${refusalReason(outcome)}\n`);
    });
  }

  async #answer(head: Head, answer: PageAnswer): Promise<void> {
    const path = head.text(head.pathStart, head.pathEnd);
    const known = this.#pages.filter((page) => isAt(page, path));
    if (known.length === 0) return answer.text(404, `no such page: ${this.#paths()}\n`);
    const page = known.find(({ method }) => METHOD[method] === head.method);
    if (page === undefined) {
      const allow = known.map(({ method }) => method).join(', ');
      return answer.text(405, 'method not allowed\n', `allow: ${allow}\r\n`);
    }
    if (head.find(ORIGIN) >= 0) return answer.text(403, 'not for web pages\n');
    try {
      await page.answer(this.#world, answer, head, path.slice(page.path.length));
    } catch {
      answer.abort();
    }
  }

  #paths(): string {
    return [...new Set(this.#pages.map(({ path }) => path))].join(' ');
  }
}
