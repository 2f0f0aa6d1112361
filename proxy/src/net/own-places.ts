/**
 * Which addresses, listeners and connections are this proxy's own: what must never be dialled, and
 * what must never come back.
 *
 * Not pure: asks for the addresses of the interfaces, where one is not known yet and not more often
 * than `ownAddressesMs`. Filled by `proxy.ts` and `dialer.ts`, asked by the gates in `roles/`.
 */
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import { type Address, isLoopback, plainAddress } from './address.ts';

export class OwnPlaces {
  /** Ports of the listeners. */
  readonly listeners: Set<number> = new Set();
  readonly #connections = new Set<string>();
  readonly #clock: Clock;
  #addresses: ReadonlySet<string> = new Set();
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isListener({ address, port }: Address): boolean {
    return this.listeners.has(port) && this.isOwn(address);
  }

  /** A connection from here, while it is open. */
  keep(socket: Socket): void {
    const { localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
    const name = nameOf(localPort, { address: plainAddress(remoteAddress), port: remotePort });
    this.#connections.add(name);
    socket.once('close', () => this.#connections.delete(name));
  }

  /** By both ends: an application beside us may share a port of ours, towards another address. */
  isConnection(from: Address, to: Address): boolean {
    return this.#connections.has(nameOf(from.port, to)) && this.isOwn(from.address);
  }

  isOwn(address: string): boolean {
    if (isLoopback(address) || this.#addresses.has(address)) return true;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#askedAtMs < limits.ownAddressesMs) return false;
    this.#askedAtMs = nowMs;
    const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
    this.#addresses = new Set(all.map((one) => one.address));
    return this.#addresses.has(address);
  }
}

function nameOf(localPort: number, { address, port }: Address): string {
  return `${localPort} ${address} ${port}`;
}
