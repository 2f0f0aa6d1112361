/**
 * An output of the process as the sink of its log: bytes go to the kernel at once, and what it does
 * not take waits in libuv. Through Node's stream a write of 64 KiB costs three times what the
 * kernel's part of it does.
 *
 * An output that is no pipe or socket (a file, an old runtime) is written as the stream it is. One
 * whose reader has gone is full: a log that nobody reads must not end the process, as the stream's
 * unheard error would. It is tried again, since a named pipe may have got another reader.
 *
 * Not pure. Made by `main.ts`.
 */
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import * as limits from '../limits.ts';
import type { LogSink } from '../telemetry/log.ts';
import { writeDirectly, WROTE } from './direct-write.ts';

export class DirectSink implements LogSink {
  readonly #output: Writable;
  #heldBytes = 0;
  #isBroken = false;

  constructor(output: Writable) {
    this.#output = output;
    output.on('error', () => this.#pause());
  }

  /** Infinite while its reader has gone. */
  get writableLength(): number {
    return this.#isBroken ? Number.POSITIVE_INFINITY : this.#heldBytes;
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    if (this.#isBroken) return true;
    const { length } = bytes;
    // A stream tells of an error or null, the handle of a negative number or 0.
    const onDone = (failure?: unknown) => {
      this.#heldBytes -= length;
      if (failure) this.#pause();
      done();
    };
    const output = this.#output;
    const wrote = output instanceof Socket ? writeDirectly(output, bytes, onDone) : WROTE.NOT_HERE;
    if (wrote === WROTE.ALL || wrote === WROTE.FAILED) return true;
    this.#heldBytes += length;
    if (wrote === WROTE.NOT_HERE) output.write(bytes, onDone);
    return false;
  }

  #pause(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    setTimeout(() => {
      this.#isBroken = false;
    }, limits.logReaderGoneMs).unref();
  }
}
