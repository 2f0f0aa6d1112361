/**
 * Clients that mean harm, or just stay: slow heads, huge heads, thousands of idle connections.
 * A process of its own, forked by `families/hostile-clients.ts`.
 */
import { connect, type Socket } from 'node:net';
import { answerOrders, sleepMs } from '../machine/orders.ts';
import type { HostileOrder, HostileReport } from './hostile-order.ts';

/** So many connections are opened in one go. */
const BATCH = 200;
/** A kernel keeps 4,096 for a listener that is busy, and resets some of those beyond. */
const UNANSWERED_MAX = 2_000;
const BOMB_LINES = 4_000;
const BOMB_LINE = `x-bomb: ${'a'.repeat(256)}\r\n`;
const BOMB_WAIT_MS = 5_000;
const IDLE_WAIT_MS = 20_000;

class HostileClient {
  readonly #socket: Socket;
  readonly #openedAtMs = performance.now();
  said = '';
  isOpen = false;
  wasOpen = false;
  livedMs = 0;

  constructor(port: number, onOpen: (client: HostileClient) => void) {
    this.#socket = connect({ host: '127.0.0.1', port });
    this.#socket.on('connect', () => {
      this.isOpen = true;
      this.wasOpen = true;
      onOpen(this);
    });
    this.#socket.on('data', (bytes: Buffer) => {
      if (this.said.length < 4_096) this.said += bytes.toString('latin1');
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isOpen = false;
      this.livedMs = performance.now() - this.#openedAtMs;
    });
  }

  write(text: string): void {
    if (this.isOpen) this.#socket.write(text, 'latin1');
  }

  close(): void {
    if (this.isOpen) this.livedMs = performance.now() - this.#openedAtMs;
    this.#socket.destroy();
  }
}

const idle: HostileClient[] = [];

async function open(
  { port, connections }: { readonly port: number; readonly connections: number },
  onOpen: (client: HostileClient) => void,
): Promise<HostileClient[]> {
  const clients: HostileClient[] = [];
  while (clients.length < connections) {
    const count = Math.min(BATCH, connections - clients.length);
    for (let i = 0; i < count; i++) clients.push(new HostileClient(port, onOpen));
    await sleepMs(10);
  }
  return clients;
}

function close(clients: readonly HostileClient[]): HostileReport {
  const left = clients.filter(({ isOpen }) => isOpen).length;
  for (const client of clients) client.close();
  return {
    opened: clients.filter(({ wasOpen }) => wasOpen).length,
    longestS: Math.max(0, ...clients.map(({ livedMs }) => livedMs)) / 1_000,
    accepted: clients.filter(({ said }) => /^HTTP\/1\.1 [23]/.test(said)).length,
    left,
  };
}

async function drip(order: HostileOrder & { do: 'drip' }): Promise<HostileReport> {
  const start = 'GET /items HTTP/1.1\r\nHost: api.shop\r\nx-slow: ';
  const clients = await open(order, (client) => client.write(start));
  const untilMs = performance.now() + order.seconds * 1_000;
  while (performance.now() < untilMs && clients.some(({ isOpen }) => isOpen)) {
    await sleepMs(500);
    for (const client of clients) client.write('a');
  }
  return close(clients);
}

async function bomb(order: HostileOrder & { do: 'bomb' }): Promise<HostileReport> {
  const head = `GET /items HTTP/1.1\r\nHost: api.shop\r\n${BOMB_LINE.repeat(BOMB_LINES)}\r\n`;
  const clients = await open(order, (client) => client.write(head));
  await waitUntil(BOMB_WAIT_MS, () => clients.every(({ isOpen, wasOpen }) => wasOpen && !isOpen));
  return close(clients);
}

async function stay(order: HostileOrder & { do: 'idle' }): Promise<HostileReport> {
  const request = `GET /items HTTP/1.1\r\nHost: ${order.host}\r\n\r\n`;
  const clients: HostileClient[] = [];
  while (clients.length < order.connections) {
    const connections = Math.min(UNANSWERED_MAX, order.connections - clients.length);
    const some = await open({ ...order, connections }, (client) => client.write(request));
    await waitUntil(IDLE_WAIT_MS, () => some.every(({ said }) => said.includes('key=')));
    clients.push(...some);
  }
  idle.push(...clients);
  return {
    opened: clients.filter(({ isOpen }) => isOpen).length,
    longestS: 0,
    accepted: clients.filter(({ said }) => said.startsWith('HTTP/1.1 200 ')).length,
    left: clients.filter(({ isOpen }) => isOpen).length,
  };
}

async function waitUntil(limitMs: number, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (performance.now() < untilMs && !holds()) await sleepMs(50);
}

answerOrders<HostileOrder>(async (order): Promise<HostileReport> => {
  if (order.do === 'drip') return await drip(order);
  if (order.do === 'bomb') return await bomb(order);
  return order.do === 'idle' ? await stay(order) : close(idle.splice(0));
});
