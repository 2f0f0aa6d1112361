/**
 * A proxy as the control plane sees it: TLS 1.3, its token, the upgrade, subscriptions by address,
 * an acknowledgement for whatever comes, a heartbeat, and a proxy's patience in connecting again.
 *
 * Of a line only its beginning is read, and all share one TLS context: a thousand of these are to
 * load the control plane, not this process.
 *
 * Not pure: sockets, timers. Made by `crowd.ts`.
 */
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { type ProxyMessage, WIRE_PATH, WIRE_UPGRADE, wireLimits } from '@remora/api/wire.ts';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import { openTimeoutMs, reconnectDelayMs } from '../../proxy/src/control/backoff.ts';
import * as limits from '../../proxy/src/limits.ts';

export interface ProxyOptions {
  readonly name: string;
  readonly namespace: string;
  readonly workload: string;
  readonly token: string;
  /** Besides what is about its own application. */
  readonly destinations: readonly string[];
  readonly control: Control;
}

/** Whom all proxies of a mesh dial. */
export interface Control {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly context: SecureContext;
}

export interface Put {
  readonly destination: string;
  readonly line: string;
}

const BEGINNING =
  /^\{"type":"([a-z-]+)"(?:,"destination":"([^"]*)")?(?:,"version":"([^"]*)")?(?:,"config":)?/;
const UPGRADED = 'HTTP/1.1 101 ';
const HEAD_END = '\r\n\r\n';

export class SimulatedProxy {
  readonly #options: ProxyOptions;
  readonly #versions = new Map<string, string>();
  /** Subscribed to on this connection, and not answered yet. */
  readonly #unanswered = new Set<string>();
  readonly #heart: NodeJS.Timeout;
  #socket: TLSSocket | null = null;
  #text = '';
  #isUpgraded = false;
  #openedAtMs = 0;
  #failures = 0;
  #isStopped = false;
  /** Called for each configuration that comes. */
  onPut: (put: Put) => void = () => {};
  /** Called when every subscription of a connection was answered. */
  onCurrent: () => void = () => {};
  /** Of lines that say something of a destination. */
  bytes = 0;
  /** Streams that did not open, or ended. */
  losses = 0;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#heart = setInterval(() => this.#say({ type: 'ping' }), wireLimits.heartbeatMs);
  }

  get isCurrent(): boolean {
    return this.#isUpgraded && this.#unanswered.size === 0;
  }

  connect(): void {
    if (this.#isStopped) return;
    const { host, port, servername, context } = this.#options.control;
    const socket = connect({
      host,
      port,
      servername,
      secureContext: context,
      minVersion: 'TLSv1.3',
    });
    this.#socket = socket;
    this.#text = '';
    this.#isUpgraded = false;
    const late = setTimeout(() => socket.destroy(), openTimeoutMs(this.#failures));
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('secureConnect', () => this.#knock(socket));
    socket.on('data', (text: string) => this.#receive(text, late));
    socket.on('error', () => {}); // `close` follows.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(late);
      this.#lost();
    });
  }

  /** As if the network went away. */
  cut(): void {
    this.#socket?.destroy();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#heart);
    this.#socket?.destroy();
  }

  #knock(socket: TLSSocket): void {
    const { token, control } = this.#options;
    socket.write(
      `GET ${WIRE_PATH} HTTP/1.1\r\nhost: ${control.servername}\r\nconnection: upgrade\r\n` +
        `authorization: Bearer ${token}\r\nupgrade: ${WIRE_UPGRADE}\r\n\r\n`,
    );
  }

  #lost(): void {
    const wasSteady =
      this.#isUpgraded && performance.now() - this.#openedAtMs > limits.configReconnectMaxMs;
    this.#isUpgraded = false;
    if (this.#isStopped) return;
    this.losses++;
    this.#failures = wasSteady ? 1 : this.#failures + 1;
    setTimeout(() => this.connect(), reconnectDelayMs(this.#failures, Math.random));
  }

  #receive(more: string, late: NodeJS.Timeout): void {
    this.#text += more;
    if (!this.#isUpgraded) {
      const end = this.#text.indexOf(HEAD_END);
      if (end < 0 || !this.#text.startsWith(UPGRADED)) return; // A refusal ends by itself.
      clearTimeout(late);
      this.#text = this.#text.slice(end + HEAD_END.length);
      this.#greet();
    }
    let from = 0;
    for (let to = this.#text.indexOf('\n'); to >= 0; to = this.#text.indexOf('\n', from)) {
      this.#hear(this.#text.slice(from, to));
      from = to + 1;
    }
    this.#text = this.#text.slice(from);
  }

  #greet(): void {
    this.#isUpgraded = true;
    this.#openedAtMs = performance.now();
    const { name, namespace, workload, destinations } = this.#options;
    this.#socket?.cork();
    const known = Object.fromEntries(this.#versions);
    this.#say({ type: 'hello', protocol: 1, proxy: { name, namespace, workload }, known });
    for (const destination of [INBOUND_KEY, ...destinations]) {
      this.#unanswered.add(destination);
      this.#say({ type: 'subscribe', destination });
    }
    this.#socket?.uncork();
  }

  #hear(line: string): void {
    const [, type = '', destination = INBOUND_KEY, version = ''] = BEGINNING.exec(line) ?? [];
    if (type === 'ping' || type === 'welcome') return;
    this.bytes += line.length;
    if (type === 'put' || type === 'put-inbound') {
      this.#versions.set(destination, version);
      this.#say({ type: 'applied', destination, version });
      this.onPut({ destination, line });
    }
    if (this.#unanswered.delete(destination) && this.#unanswered.size === 0) this.onCurrent();
  }

  #say(message: ProxyMessage): void {
    if (this.#isUpgraded) this.#socket?.write(`${JSON.stringify(message)}\n`);
  }
}
