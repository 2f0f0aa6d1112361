/**
 * An output of the process as the sink of its log: bytes go to the kernel at once, and what it does
 * not take waits in libuv. Through Node's stream a write of 64 KiB costs three times what the
 * kernel's part of it does.
 *
 * An output that is no pipe or socket (a file, an old runtime) is written as the stream it is.
 *
 * Not pure. Made by `main.ts`.
 */
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { LogSink } from '../telemetry/log.ts';
import { writeDirectly, WROTE } from './direct-write.ts';

export class DirectSink implements LogSink {
  writableLength = 0;
  readonly #output: Writable;

  constructor(output: Writable) {
    this.#output = output;
  }

  write(bytes: Uint8Array, done: () => void): boolean {
    const { length } = bytes;
    const onDone = () => {
      this.writableLength -= length;
      done();
    };
    const output = this.#output;
    const wrote = output instanceof Socket ? writeDirectly(output, bytes, onDone) : WROTE.NOT_HERE;
    if (wrote === WROTE.ALL || wrote === WROTE.FAILED) return true;
    this.writableLength += length;
    if (wrote === WROTE.NOT_HERE) output.write(bytes, onDone);
    return false;
  }
}
