/**
 * Streams and time that a test moves by hand, for what stands between two connections.
 *
 * Tests only.
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { ManualClock } from '../clock.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { Address } from './address.ts';
import type { ByteStream, ByteStreamOwner } from './byte-stream.ts';

const ROOM = 32;

/** Remembers all that was done to it; takes writes at once, unless `isBlocked`. */
export class HandStream implements ByteStream {
  owner: ByteStreamOwner;
  isBlocked = false;
  isPaused = false;
  isLeased = false;
  remoteAddress = '';
  readonly done: string[] = [];
  #taken = '';
  /** Written and not taken: read when it is, as a kernel does. */
  #waiting: Uint8Array[] = [];

  constructor(owner: ByteStreamOwner) {
    this.owner = owner;
  }

  get isReadStable(): boolean {
    return this.isLeased;
  }

  get written(): string {
    return this.#taken + Buffer.concat(this.#waiting).toString('latin1');
  }

  /** The peer says this. */
  says(text: string): void {
    const bytes = Buffer.from(`${' '.repeat(ROOM)}${text}${' '.repeat(ROOM)}`, 'latin1');
    this.owner.onBytes(bytes, ROOM, bytes.length - ROOM);
    bytes.fill('!'); // They die with the call.
  }

  ends(): void {
    this.owner.onEnd();
  }

  closes(broken = false): void {
    this.owner.onClosed(broken);
  }

  /** The peer has read what waited. */
  flushes(): void {
    this.isBlocked = false;
    this.#taken = this.written;
    this.#waiting = [];
    this.owner.onFlushed();
  }

  write(bytes: Uint8Array): boolean {
    if (this.isBlocked) this.#waiting.push(bytes);
    else this.#taken += Buffer.from(bytes).toString('latin1');
    return !this.isBlocked;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  leaseReadBuffer(): void {
    this.isLeased = true;
  }
  releaseReadBuffer(): void {
    this.isLeased = false;
  }
  end(): void {
    this.done.push('end');
  }
  destroy(): void {
    this.done.push('destroy');
  }
  reset(): void {
    this.done.push('reset');
  }
}

/** A wheel that wakes when its clock, moved by hand, says so. */
export class HandTime {
  readonly clock = new ManualClock();
  #wake: (() => void) | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  readonly wheel = new TimerWheel(this.clock, (delayMs, wake) => {
    this.#wake = wake;
    this.#wakeAtMs = this.clock.nowMs() + delayMs;
  });

  advanceMs(ms: number): void {
    const untilMs = this.clock.nowMs() + ms;
    while (this.#wakeAtMs <= untilMs) {
      this.clock.advanceMs(Math.max(0, this.#wakeAtMs - this.clock.nowMs()));
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#wake?.();
    }
    this.clock.advanceMs(Math.max(0, untilMs - this.clock.nowMs()));
  }
}

/** A connection that was dialled from here. */
export function ownSocket(localPort: number, to: Address): Socket {
  const ends = { localPort, remoteAddress: to.address, remotePort: to.port };
  return Object.assign(new EventEmitter(), ends) as unknown as Socket;
}
