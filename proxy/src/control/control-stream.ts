/**
 * One connection to the control plane: the upgrade, lines in and out, until it ends.
 *
 * Lines are handed over one at a time, and nothing is read on while one is worked on: a control
 * plane that pushes faster than we compile is slowed by TCP and by no queue of ours. Without an
 * agent, so that a proxy variable in the environment never leads the stream astray.
 *
 * Owns its socket. Reconnecting is `subscription.ts`.
 */
import { type ClientRequest, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ProxyMessage, WIRE_PATH, WIRE_UPGRADE, wireLimits } from '@remora/api/wire.ts';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import { LineReader } from './line-reader.ts';

export interface StreamHandlers {
  onOpen(stream: ControlStream): void;
  /** Throwing ends the stream. */
  onLine(stream: ControlStream, line: string): Promise<void>;
  /** Once, also where it never opened. */
  onClose(stream: ControlStream, why: string): void;
}

export class ControlStream {
  readonly #handlers: StreamHandlers;
  readonly #clock: Clock;
  readonly #request: ClientRequest;
  readonly #reader: LineReader;
  readonly #lines: string[] = [];
  #socket: Duplex | null = null;
  #heardAtMs = 0;
  #isWorking = false;
  #isClosed = false;

  constructor(url: string, handlers: StreamHandlers, clock: Clock) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#reader = new LineReader(wireLimits.lineBytesMax, (line) => this.#lines.push(line));
    this.#request = request(new URL(WIRE_PATH, url), {
      agent: false,
      headers: { connection: 'upgrade', upgrade: WIRE_UPGRADE },
      timeout: limits.configConnectTimeoutMs,
    });
    this.#request.on('upgrade', (_response, socket, head) => this.#open(socket, head));
    this.#request.on('response', (response) => this.close(`answered ${response.statusCode}`));
    this.#request.on('timeout', () => this.close('no answer in time'));
    this.#request.on('error', (error) => this.close(error.message));
    this.#request.end();
  }

  get isOpen(): boolean {
    return this.#socket !== null && !this.#isClosed;
  }

  send(message: ProxyMessage): void {
    if (this.#socket === null || this.#isClosed) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength > limits.controlUnsentBytesMax) this.close('it does not read');
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
    this.#request.destroy();
    this.#socket?.destroy();
    this.#handlers.onClose(this, why);
  }

  #open(socket: Duplex, head: Buffer): void {
    this.#socket = socket;
    this.#heardAtMs = this.#clock.nowMs();
    socket.on('error', (error) => this.close(error.message));
    socket.on('end', () => this.close('it closed the stream'));
    socket.on('close', () => this.close('the connection closed'));
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#handlers.onOpen(this);
    if (head.length > 0) this.#receive(head);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
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
    this.#socket?.pause();
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
    if (!this.#isClosed) this.#socket?.resume();
  }
}
