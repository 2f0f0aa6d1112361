/**
 * The upstream Service of a scenario, as a process of its own: some endpoints, told over a channel
 * how to behave. Forked by the stage; the orders are in `behaviour.ts`.
 */
import { Agent, request as httpRequest } from 'node:http';
import { answerOrders, epochMs } from '../machine/orders.ts';
import { seededChance } from '../../../proxy/src/clock.ts';
import type { Counted, Done, Opened, UpstreamAnswer, UpstreamOrder } from './behaviour.ts';
import { type Books, EndpointServer, type Forward } from './endpoint-server.ts';

const KEYS_MAX = 1 << 18;

const books: Books = { executed: new Uint8Array(KEYS_MAX), idleCloses: [], unreadable: 0 };
const endpoints: EndpointServer[] = [];

async function open(order: UpstreamOrder & { do: 'open' }): Promise<Opened> {
  const random = seededChance(order.seed);
  const forward = order.forward === null ? null : forwardTo(order.forward);
  for (let at = 0; at < order.endpoints; at++) {
    const endpoint = new EndpointServer(order.service, { books, random, forward });
    await endpoint.listen();
    endpoints.push(endpoint);
  }
  return { ports: endpoints.map((endpoint) => endpoint.port) };
}

/** As an application calls another: it waits for the answer as long as its library lets it. */
function forwardTo({ port, host }: { readonly port: number; readonly host: string }): Forward {
  const agent = new Agent({ keepAlive: true });
  return ({ path, key, fields }) =>
    new Promise((resolve) => {
      const trace = /\r\ntraceparent:[ \t]*(\S+)/i.exec(fields)?.[1];
      const headers = {
        host,
        'x-key': String(key),
        ...(trace === undefined ? {} : { traceparent: trace }),
      };
      const outgoing = httpRequest({ host: '127.0.0.1', port, path, headers, agent });
      outgoing.on('error', () => resolve(502));
      outgoing.on('response', (response) => {
        response.resume();
        response.on('close', () => resolve(response.statusCode ?? 502));
      });
      outgoing.end();
    });
}

function count(): Counted {
  return {
    arrivals: endpoints.map(({ arrivals }) => Float64Array.from(arrivals)),
    executed: books.executed,
    idleCloses: books.idleCloses,
    unreadable: books.unreadable,
  };
}

function done(): Done {
  return { atMs: epochMs() };
}

answerOrders<UpstreamOrder>(async (order): Promise<UpstreamAnswer> => {
  switch (order.do) {
    case 'open':
      return await open(order);
    case 'behave':
      await endpoints[order.endpoint]?.behave(order.behaviour);
      return done();
    case 'serve':
      for (const endpoint of endpoints) endpoint.service = order.service;
      return done();
    case 'freeze':
      for (const endpoint of endpoints) endpoint.freeze();
      return done();
    case 'thaw':
      for (const endpoint of endpoints) endpoint.thaw();
      return done();
    case 'count':
      return count();
  }
});
