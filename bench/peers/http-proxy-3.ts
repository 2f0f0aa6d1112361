/**
 * Baseline: `http-proxy-3`, the maintained descendant of `http-proxy`. Started by `node-peer.ts`.
 */
import { Agent, createServer, ServerResponse } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { takeSeat } from './host-table.ts';

const seat = takeSeat();
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true }) });
proxy.on('error', (_error, _request, response) => {
  if (response instanceof ServerResponse) response.writeHead(502).end();
  else response.destroy();
});

createServer((request, response) => {
  const port = seat.pick(request.headers.host);
  if (port === null) response.writeHead(404).end();
  else proxy.web(request, response, { target: `http://127.0.0.1:${port}` });
}).listen(seat.port, '127.0.0.1');
