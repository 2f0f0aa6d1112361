/**
 * One connection to the control plane: the upgrade, lines in and out, until it ends.
 *
 * Lines are handed over one at a time, and nothing is read on while one is worked on: a control
 * plane that pushes faster than we compile is slowed by TCP and by no queue of ours. The upgrade is
 * written by hand: loading `node:http` for one request costs each sidecar 16 MB.
 *
 * Owns its socket. Reconnecting is `subscription.ts`.
 */
import { connect, type Socket } from 'node:net';
import { type ProxyMessage, WIRE_PATH, WIRE_UPGRADE, wireLimits } from '@remora/api/wire.ts';
import type { Clock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseResponseHead } from '../http1/head-parser.ts';
import { limits } from '../limits.ts';
import { LineReader } from './line-reader.ts';

export interface StreamHandlers {
  onOpen(stream: ControlStream): void;
  /** Throwing ends the stream. */
  onLine(stream: ControlStream, line: string): Promise<void>;
  /** Once, also where it never opened. */
  onClose(stream: ControlStream, why: string): void;
}

const HTTP_PORT = 80;

export class ControlStream {
  readonly #handlers: StreamHandlers;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #reader: LineReader;
  readonly #lines: string[] = [];
  readonly #head = new Head();
  #isUpgraded = false;
  #heardAtMs = 0;
  #isWorking = false;
  #isClosed = false;

  constructor(url: string, handlers: StreamHandlers, clock: Clock) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#reader = new LineReader(wireLimits.lineBytesMax, (line) => this.#lines.push(line));
    const { hostname, port, host } = new URL(url);
    const socket = connect({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? HTTP_PORT : Number(port),
      noDelay: true,
    });
    this.#socket = socket;
    socket.setTimeout(limits.configConnectTimeoutMs, () => {
      if (!this.#isUpgraded) this.close('no answer in time');
    });
    socket.on('error', (error) => this.close(error.message));
    socket.on('end', () => this.close('it closed the stream'));
    socket.on('close', () => this.close('the connection closed'));
    socket.on('data', (chunk: Buffer) => {
      if (this.#isUpgraded) this.#receive(chunk);
      else this.#readUpgrade(chunk);
    });
    socket.write(
      `GET ${WIRE_PATH} HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\n` +
        `upgrade: ${WIRE_UPGRADE}\r\n\r\n`,
    );
  }

  get isOpen(): boolean {
    return this.#isUpgraded && !this.#isClosed;
  }

  send(message: ProxyMessage): void {
    if (!this.isOpen) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength > limits.controlUnsentBytesMax) this.close('it does not read');
  }

  /** A line that can be done without: not sent while much waits, so that it drops no stream. */
  sendIfRoom(line: string): void {
    if (!this.isOpen || this.#socket.writableLength > limits.answersUnsentBytesMax) return;
    this.#socket.write(line);
  }

  /** Once per heartbeat. */
  beat(): void {
    if (!this.isOpen) return;
    const silentMs = this.#clock.nowMs() - this.#heardAtMs;
    if (silentMs > wireLimits.silenceMs) this.close(`silent for ${wireLimits.silenceMs} ms`);
    else this.send({ type: 'ping' });
  }

  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lines.length = 0;
    this.#socket.destroy();
    this.#handlers.onClose(this, why);
  }

  #readUpgrade(chunk: Buffer): void {
    const head = this.#head;
    if (!head.collect(chunk, 0, chunk.length)) return this.close('its answer is too long');
    const outcome = parseResponseHead(head, head.slab, 0, head.filled);
    if (outcome === PARSE_INCOMPLETE) return;
    if (outcome !== PARSE_OK) return this.close('its answer is not HTTP');
    if (head.status !== 101) return this.close(`answered ${head.status}`);
    this.#isUpgraded = true;
    this.#socket.setTimeout(0);
    this.#heardAtMs = this.#clock.nowMs();
    this.#handlers.onOpen(this);
    if (head.filled > head.length) this.#receive(head.slab.subarray(head.length, head.filled));
  }

  #receive(chunk: Buffer): void {
    this.#heardAtMs = this.#clock.nowMs();
    if (!this.#reader.push(chunk))
      return this.close(`a line over ${wireLimits.lineBytesMax} bytes`);
    if (this.#lines.length === 0 || this.#isWorking) return;
    void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    this.#socket.pause();
    try {
      for (;;) {
        const line = this.#lines.shift();
        if (line === undefined) break;
        await this.#handlers.onLine(this, line);
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
    }
    this.#isWorking = false;
    if (!this.#isClosed) this.#socket.resume();
  }
}
