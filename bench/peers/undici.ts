/**
 * Baseline: a `node:http` server with `undici` as its client, through `dispatch`, its fastest way.
 * Started by `node-peer.ts`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { takeSeat } from './host-table.ts';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

const seat = takeSeat();
const pools = new Map(
  seat.ports().map((port) => [port, new Pool(`http://127.0.0.1:${port}`, { connections: 256 })]),
);

/** Hands an answer on as it comes; the client's slowness pauses the upstream. */
function relayTo(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart: () => {}, // Refused without one.
    onResponseStart(_controller, status, headers) {
      const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
      response.writeHead(status, Object.fromEntries(kept));
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd: () => void response.end(),
    onResponseError: () => void response.destroy(),
  };
}

function bodyOf(request: IncomingMessage): IncomingMessage | null {
  return request.method === 'GET' || request.method === 'HEAD' ? null : request;
}

createServer((request, response) => {
  const pool = pools.get(seat.pick(request.headers.host) ?? -1);
  if (pool === undefined) {
    response.writeHead(404).end();
    return;
  }
  const kept = Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.has(name));
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: Object.fromEntries(kept),
      body: bodyOf(request),
    },
    relayTo(response),
  );
}).listen(seat.port, '127.0.0.1');
