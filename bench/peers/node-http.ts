/**
 * Baseline: `node:http` on both sides, the proxy that one writes in an afternoon. Started by
 * `node-peer.ts`.
 */
import { Agent, createServer, request as send } from 'node:http';
import { takeSeat } from './host-table.ts';

const seat = takeSeat();
const agent = new Agent({ keepAlive: true });

createServer((request, response) => {
  const port = seat.pick(request.headers.host);
  if (port === null) {
    response.writeHead(404).end();
    return;
  }
  const { method, url: path, headers } = request;
  const upstream = send({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.on('error', () => response.destroy());
  request.pipe(upstream);
}).listen(seat.port, '127.0.0.1');
