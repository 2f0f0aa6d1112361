/**
 * Free ports for applications and sidecars on this machine.
 *
 * An application must be told its port before it listens, so a port is tried, let go, and trusted
 * to stay free. That trust is why the kernel's own ranges for outgoing connections (from 32768 on
 * Linux, 49152 on macOS) are avoided: a port from there can be gone a moment later. Ports are given
 * one after another from a random one on, so that two meshes that start at once hardly ever meet.
 *
 * Called by `mesh.ts`.
 */
import { createServer } from 'node:net';

const PORT_MIN = 20_000;
const PORT_COUNT = 12_000;
const TRIES_MAX = 200;

export class Ports {
  readonly #given = new Set<number>();
  #next: number;

  constructor(chance: () => number) {
    this.#next = Math.floor(chance() * PORT_COUNT);
  }

  /** A port that nobody uses and that was not given before; `wanted` if that is such a one. */
  async take(wanted?: number): Promise<number> {
    if (wanted !== undefined && (await this.#tryTake(wanted))) return wanted;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const port = PORT_MIN + this.#next;
      this.#next = (this.#next + 1) % PORT_COUNT;
      if (await this.#tryTake(port)) return port;
    }
    throw new Error(`no free port found between ${PORT_MIN} and ${PORT_MIN + PORT_COUNT}`);
  }

  async #tryTake(port: number): Promise<boolean> {
    if (this.#given.has(port)) return false;
    // Reserved before the first await, so that two callers never try the same port.
    this.#given.add(port);
    const isFree = (await canListen(port, '127.0.0.1')) && (await canListen(port, undefined));
    if (!isFree) this.#given.delete(port);
    return isFree;
  }
}

/** With no host: on all addresses, as many applications listen. */
function canListen(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.close(() => resolve(true));
    });
  });
}
