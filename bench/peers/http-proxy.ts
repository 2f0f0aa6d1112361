/**
 * Baseline: `http-proxy`, the package that most Node proxies are made of, unmaintained since 2020.
 * Started by `node-peer.ts`.
 */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { takeSeat } from './host-table.ts';

/** It has no types of its own. */
interface HttpProxy {
  createProxyServer(options: { agent: Agent }): {
    web(request: IncomingMessage, response: ServerResponse, options: { target: string }): void;
    on(
      event: 'error',
      listener: (...given: [Error, IncomingMessage, ServerResponse]) => void,
    ): void;
  };
}

const httpProxy = createRequire(import.meta.url)('http-proxy') as HttpProxy;
const seat = takeSeat();
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true }) });
proxy.on('error', (_error, _request, response) => response.writeHead(502).end());

createServer((request, response) => {
  const port = seat.pick(request.headers.host);
  if (port === null) response.writeHead(404).end();
  else proxy.web(request, response, { target: `http://127.0.0.1:${port}` });
}).listen(seat.port, '127.0.0.1');
