/**
 * The control plane's pages as JSON: its account of itself, and what people ask of proxies.
 *
 * On loopback, where whoever may open a port of the machine (or forward one of the pod) may read
 * them. A browser is on the machine too, and any page in it can ask for a loopback address: so the
 * Host must be one that only a local client sends, and a request with a foreign Origin is refused.
 * Every request that is not known answers 404 with what is known.
 *
 * Not pure: it answers requests. Made by `core.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { QUERY_PAGES, type QueryWorld, queryPage } from './query-pages.ts';

const PAGES = ['/v1/status', ...QUERY_PAGES, '/live', '/ready'];

export interface PagesOptions {
  readonly status: () => unknown;
  readonly ready: () => boolean;
  readonly asked: QueryWorld;
}

export class ControlPages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, url = '/' } = request;
    if (method !== 'GET') return reply(response, 405, { error: 'Only GET is answered' });
    const foreign = foreignness(headers);
    if (foreign !== null) return reply(response, 403, { error: foreign });
    const path = url.split('?')[0];
    if (path === '/v1/status') return reply(response, 200, this.#options.status());
    if (path === '/live') return reply(response, 200, { live: true });
    if (path === '/ready') {
      const ready = this.#options.ready();
      return reply(response, ready ? 200 : 503, { ready });
    }
    const page = queryPage(url, this.#options.asked);
    if (page === null) return reply(response, 404, { error: 'No such page', pages: PAGES });
    void page.then(({ status, body }) => reply(response, status, body));
  }
}

/** Null: the request is no other site's, brought here by a browser. */
function foreignness({ host = '', origin }: IncomingMessage['headers']): string | null {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (name !== 'localhost' && isIP(name) === 0) {
    return `Host ${host} is no name of this listener: ask 127.0.0.1`;
  }
  if (origin !== undefined && origin !== `http://${host}`) return `Origin ${origin} may not ask`;
  return null;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
