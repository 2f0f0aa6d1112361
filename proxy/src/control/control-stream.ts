/**
 * One connection to the control plane: the upgrade, lines in and out, until it ends.
 *
 * Lines are handed over one at a time, and nothing is read on while one is worked on: a control
 * plane that pushes faster than we compile is slowed by TCP and by no queue of ours. The upgrade is
 * written by hand: loading `node:http` for one request costs each sidecar 16 MB. One timer bounds
 * all that comes before it is open: names, connection, certificates, answer.
 *
 * Owns its socket, which `control-dial.ts` connects. Reconnecting is `subscription.ts`.
 */
import type { Socket } from 'node:net';
import { type ProxyMessage, WIRE_PATH, WIRE_UPGRADE, wireLimits } from '@remora/api/wire.ts';
import type { Clock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import { PARSE_INCOMPLETE, PARSE_OK, parseResponseHead } from '../http1/head-parser.ts';
import * as limits from '../limits.ts';
import { type ControlTarget, dialControl } from './control-dial.ts';
import { LineReader } from './line-reader.ts';
import { RefusalText } from './refusal-text.ts';

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
  readonly #reader: LineReader;
  readonly #lines: string[] = [];
  readonly #head = new Head();
  readonly #gone = new AbortController();
  readonly #opening: NodeJS.Timeout;
  /** Where what answers may be TLS. */
  readonly #hint: string;
  #socket: Socket | null = null;
  #refusal: RefusalText | null = null;
  #isUpgraded = false;
  #heardAtMs = 0;
  #isWorking = false;
  #isClosed = false;

  constructor(
    target: ControlTarget,
    timeoutMs: number,
    { handlers, clock }: { readonly handlers: StreamHandlers; readonly clock: Clock },
  ) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#reader = new LineReader(wireLimits.lineBytesMax, (line) => this.#lines.push(line));
    this.#hint = target.url.startsWith('http:') ? ': does it want https://?' : '';
    const inTime = (): void => this.close(this.#refusal?.sentence ?? 'no answer in time');
    this.#opening = setTimeout(inTime, timeoutMs);
    dialControl(target, this.#gone.signal).then(
      ({ socket, token }) => this.#begin(socket, token, new URL(target.url).host),
      (error: unknown) => this.close(error instanceof Error ? error.message : String(error)),
    );
  }

  get isOpen(): boolean {
    return this.#isUpgraded && !this.#isClosed;
  }

  send(message: ProxyMessage): void {
    if (!this.isOpen) return;
    this.#socket!.write(`${JSON.stringify(message)}\n`);
    if (this.#socket!.writableLength > limits.controlUnsentBytesMax) this.close('it does not read');
  }

  /** What is sent meanwhile leaves together. */
  sendAtOnce(messages: () => void): void {
    this.#socket?.cork();
    messages();
    this.#socket?.uncork();
  }

  /** A line that can be done without: not sent while much waits, so that it drops no stream. */
  sendIfRoom(line: string): void {
    if (!this.isOpen || this.#socket!.writableLength > limits.answersUnsentBytesMax) return;
    this.#socket!.write(line);
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
    clearTimeout(this.#opening);
    this.#gone.abort();
    this.#handlers.onClose(this, why);
  }

  #begin(socket: Socket, token: string | null, host: string): void {
    socket.on('error', (error) => this.close(error.message));
    if (this.#isClosed) return;
    this.#socket = socket;
    socket.on('end', () => this.close(this.#whyEnded()));
    socket.on('close', () => this.close('the connection closed'));
    socket.on('data', (chunk: Buffer) => {
      if (this.#isUpgraded) this.#receive(chunk);
      else if (this.#refusal === null) this.#readUpgrade(chunk);
      else this.#readRefusal(this.#refusal, chunk);
    });
    const proof = token === null ? '' : `authorization: Bearer ${token}\r\n`;
    socket.write(
      `GET ${WIRE_PATH} HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\n${proof}` +
        `upgrade: ${WIRE_UPGRADE}\r\n\r\n`,
    );
  }

  #whyEnded(): string {
    if (this.#refusal !== null) return this.#refusal.sentence;
    return this.#isUpgraded ? 'it closed the stream' : `it gave no answer${this.#hint}`;
  }

  #readUpgrade(chunk: Buffer): void {
    const head = this.#head;
    if (!head.collect(chunk, 0, chunk.length)) return this.close('its answer is too long');
    const outcome = parseResponseHead(head, head.slab, 0, head.filled);
    if (outcome === PARSE_INCOMPLETE) return;
    if (outcome !== PARSE_OK) return this.close(`its answer is not HTTP${this.#hint}`);
    const rest = head.slab.subarray(head.length, head.filled);
    if (head.status !== 101) {
      this.#refusal = new RefusalText(head);
      return this.#readRefusal(this.#refusal, rest);
    }
    this.#isUpgraded = true;
    clearTimeout(this.#opening);
    this.#heardAtMs = this.#clock.nowMs();
    this.#handlers.onOpen(this);
    if (rest.length > 0) this.#receive(rest);
  }

  #readRefusal(refusal: RefusalText, chunk: Buffer): void {
    if (refusal.push(chunk)) this.close(refusal.sentence);
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
    this.#socket!.pause();
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
    if (!this.#isClosed) this.#socket!.resume();
  }
}
