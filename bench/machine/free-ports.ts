/**
 * Ports of 127.0.0.1 that nobody listens on, for programs that cannot be told to choose one.
 *
 * A port is asked from the kernel and given back, so another program could take it before it is
 * used; the window is short, and a peer that fails to start is reported. A run of consecutive ports
 * (nginx is given ranges) is looked for below the ephemeral range, where no client socket lands.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

const RUN_FROM = 20_000;
const RUN_TO = 32_000;
const RUN_TRIES = 40;

/** Held together until all are known, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server!.address() as AddressInfo).port);
  await closed(servers);
  return ports;
}

/** The first of `count` consecutive free ports. */
export async function freePortRun(count: number): Promise<number> {
  for (let attempt = 0; attempt < RUN_TRIES; attempt++) {
    const first = RUN_FROM + Math.floor(Math.random() * (RUN_TO - RUN_FROM - count));
    const ports = Array.from({ length: count }, (_, at) => first + at);
    const servers = await Promise.all(ports.map(listen));
    const isFree = servers.every((server) => server !== null);
    await closed(servers);
    if (isFree) return first;
  }
  throw new Error(`no ${count} consecutive free ports between ${RUN_FROM} and ${RUN_TO}`);
}

/** A port is free when its listener has let go of it, not when it was asked to. */
async function closed(servers: readonly (Server | null)[]): Promise<void> {
  await Promise.all(servers.map(async (server) => await server?.[Symbol.asyncDispose]()));
}

async function listen(port: number) {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return null;
  }
}
