/**
 * A collector for tests that answers as it is told, and time that is moved by hand.
 *
 * Sockets are real and the clock is not: "no answer in 10 s" is tested in a moment, and what waits
 * for a time is proven not to go before it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { ManualClock } from '../clock.ts';
import { TimerWheel } from '../timer-wheel.ts';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface Collector {
  readonly url: string;
  /** Bodies of the POSTs, in order. */
  readonly batches: string[];
  readonly requests: IncomingMessage[];
  /** Connections that were ever made. */
  connections: number;
  /** For every POST from now on. */
  answer: Answer;
  stop(): Promise<void>;
}

export const taken: Answer = (response) => response.end('{"partialSuccess":{}}');

export async function startCollector(answer: Answer = taken): Promise<Collector> {
  const server = createServer(async (request, response) => {
    request.setEncoding('utf8');
    let body = '';
    for await (const piece of request) body += piece;
    collector.requests.push(request);
    collector.batches.push(body);
    collector.answer(response, request);
  });
  server.on('connection', () => collector.connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches: [],
    requests: [],
    connections: 0,
    answer,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return collector;
}

/** One that speaks no HTTP: it hears every connection's first bytes and does what it likes. */
export async function startRaw(
  onRequest: (socket: Socket) => void,
): Promise<{ url: string; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => onRequest(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A wheel that turns only when told. */
export class ManualTime {
  readonly clock = new ManualClock();
  readonly wheel: TimerWheel;
  #wake: (() => void) | null = null;
  #wakeAtMs = 0;

  constructor() {
    this.wheel = new TimerWheel(this.clock, (delayMs, wake) => {
      this.#wakeAtMs = this.clock.nowMs() + delayMs;
      this.#wake = wake;
    });
  }

  advanceMs(ms: number): void {
    const endAtMs = this.clock.nowMs() + ms;
    while (this.#wake !== null && this.#wakeAtMs <= endAtMs) {
      const wake = this.#wake;
      this.#wake = null;
      this.clock.advanceMs(Math.max(0, this.#wakeAtMs - this.clock.nowMs()));
      wake();
    }
    this.clock.advanceMs(endAtMs - this.clock.nowMs());
  }
}
