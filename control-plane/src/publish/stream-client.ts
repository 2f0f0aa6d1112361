/**
 * A proxy's end of the stream for tests, over `node:net` and written by hand, so that it shares no
 * code with the server it judges. It keeps every message and lets a test wait for one.
 *
 * Only for tests.
 */
import { createConnection, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { ControlMessage, ProxyMessage } from '@remora/api/wire.ts';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';

export interface ClientOptions {
  readonly url: string;
  readonly name: string;
  readonly namespace?: string;
  readonly known?: Readonly<Record<string, string>>;
  /** As in a cluster: TLS, and a token that says who it is. */
  readonly secure?: { readonly ca: string; readonly servername: string; readonly token: string };
  /** Answer every put with `applied`, as a proxy does. */
  readonly applies?: boolean;
}

const waitMsMax = 5_000;

export class StreamClient {
  readonly received: ControlMessage[] = [];
  readonly socket: Socket;
  /** Called for each message, once it is kept. */
  onMessage: (message: ControlMessage) => void = () => {};
  #text = '';
  #upgraded = false;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  private constructor(options: ClientOptions) {
    const { hostname, port } = new URL(options.url);
    const { ca, servername, token } = options.secure ?? {};
    const at = { host: hostname, port: Number(port) };
    this.socket =
      options.secure === undefined
        ? createConnection(at)
        : connectSecure({ ...at, ca, servername });
    this.socket.setEncoding('utf8');
    const proof = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
    this.socket.write(
      'GET /v1/config HTTP/1.1\r\nhost: control\r\nconnection: upgrade\r\n' +
        `${proof}upgrade: remora-config/1\r\n\r\n`,
    );
    this.socket.on('data', (text: string) => this.#take(text, options.applies ?? true));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async connect(options: ClientOptions): Promise<StreamClient> {
    const client = new StreamClient(options);
    const { name, namespace = 'shop', known = {} } = options;
    client.say({
      type: 'hello',
      protocol: 1,
      proxy: { name, namespace, workload: name },
      known,
    });
    await client.next('welcome');
    return client;
  }

  say(message: ProxyMessage): void {
    this.socket.write(`${JSON.stringify(message)}\n`);
  }

  subscribe(destination: string): void {
    this.say({ type: 'subscribe', destination });
  }

  /** The first message of this type from now or from `since` on. */
  async next<T extends ControlMessage['type']>(
    type: T,
    since = 0,
    limitMs = waitMsMax,
  ): Promise<Extract<ControlMessage, { type: T }>> {
    const found = () => this.received.slice(since).find((message) => message.type === type);
    await this.until(() => found() !== undefined || this.#closed, limitMs);
    const message = found();
    if (message === undefined) {
      throw new Error(`The stream closed before a ${type} came. ${this.#text}`);
    }
    return message as Extract<ControlMessage, { type: T }>;
  }

  async until(holds: () => boolean, limitMs = waitMsMax): Promise<void> {
    const untilMs = performance.now() + limitMs;
    while (!holds()) {
      if (performance.now() > untilMs) throw new Error('Nothing came in time');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.socket.destroy();
  }

  #take(text: string, applies: boolean): void {
    this.#text += text;
    if (!this.#upgraded) {
      const end = this.#text.indexOf('\r\n\r\n');
      if (end === -1) return;
      // A refusal: its words stay in the text until the stream closes.
      if (!this.#text.startsWith('HTTP/1.1 101')) return;
      this.#upgraded = true;
      this.#text = this.#text.slice(end + 4);
    }
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as ControlMessage;
      this.received.push(message);
      this.onMessage(message);
      if (!applies) continue;
      if (message.type === 'put' || message.type === 'put-inbound') {
        const destination = message.type === 'put' ? message.destination : INBOUND_KEY;
        this.say({ type: 'applied', destination, version: message.version });
      }
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
