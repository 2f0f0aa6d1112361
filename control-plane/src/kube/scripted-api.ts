/**
 * An HTTP server that answers as a test tells it to: for what a real API server can't be made to
 * do on demand, such as half a line and then silence.
 *
 * Only for tests.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeClient } from './client.ts';
import type { KubeConfig } from './kube-config.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly body: string;
  readonly atMs: number;
}

type Reply = (asked: Asked, response: ServerResponse, count: number) => void;

export class ScriptedApi {
  readonly asked: Asked[] = [];
  readonly client: KubeClient;
  readonly config: KubeConfig;
  readonly #server: Server;

  private constructor(server: Server, config: KubeConfig) {
    this.#server = server;
    this.config = config;
    this.client = new KubeClient(config, { userAgent: 'remora-test', chance: () => 0 });
  }

  /** `reply` hears how many came before, so that a script is a switch. */
  static async start(reply: Reply, given: Partial<KubeConfig> = {}): Promise<ScriptedApi> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
        const asked: Asked = {
          method: request.method ?? '',
          path: pathname,
          query: searchParams,
          authorization: request.headers.authorization,
          body: Buffer.concat(chunks).toString('utf8'),
          atMs: performance.now(),
        };
        api.asked.push(asked);
        reply(asked, response, api.asked.length - 1);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const api = new ScriptedApi(server, {
      server: `http://127.0.0.1:${port}`,
      caPem: null,
      serverName: null,
      clientCertPem: null,
      clientKeyPem: null,
      token: null,
      namespace: 'default',
      as: 'a test',
      ...given,
    });
    return api;
  }

  async close(): Promise<void> {
    await this.client.close();
    this.#server.closeAllConnections();
    await this.#server[Symbol.asyncDispose]();
  }
}

export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A `v1.Status`, as every refusal of an API server is. */
export function statusBody(code: number, reason: string, message = reason) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

export function listBody(resourceVersion: string, names: readonly string[], next = '') {
  const items = names.map((name) => objectBody(name, resourceVersion));
  return { kind: 'List', metadata: { resourceVersion, continue: next }, items };
}

export function objectBody(name: string, resourceVersion: string) {
  return { metadata: { namespace: 'shop', name, resourceVersion } };
}

export function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}
