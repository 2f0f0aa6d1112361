/**
 * The proxy's side of the stream: says who it is and what it wants, applies what comes, answers.
 *
 *   hello, subscribe… → put → compile → applied | refused       gone → nearest names
 *
 * One destination is one subscription, begun at its first use. While the stream is down everything
 * learned stays in force, and the versions held are named in the next hello, so that only what
 * changed is sent again.
 *
 * Impure: timers, and the stream it opens. Made by `configuration.ts`.
 */
import { type ProxyIdentity, type ProxyQuery, wireLimits } from '@remora/api/wire.ts';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import type { Chance, Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Log } from '../telemetry/log.ts';
import type { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import { openTimeoutMs, reconnectDelayMs } from './backoff.ts';
import type { ControlTarget } from './control-dial.ts';
import { readControlLine } from './control-messages.ts';
import { ControlStream, type StreamHandlers } from './control-stream.ts';
import type { Installer } from './installer.ts';
import type { ConfigSource, Live } from './live.ts';
import type { Queries } from './queries.ts';
import { runSliced } from './slices.ts';
import { SplitReporter } from './split-report.ts';
import type { ConfigText } from './snapshot-format.ts';

export interface SubscriptionOptions {
  readonly control: ControlTarget;
  readonly identity: ProxyIdentity;
  readonly live: Live;
  /** Whether this proxy has an application, of which it wants to be told. */
  readonly hasInbound: boolean;
  readonly installer: Installer;
  readonly metrics: ProxyMetrics;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Left out: people's questions are not answered. */
  readonly queries?: Queries;
}

export class Subscription implements ConfigSource {
  readonly #options: SubscriptionOptions;
  readonly #splits = new SplitReporter();
  #stream: ControlStream | null = null;
  #openedAtMs = 0;
  #failures = 0;
  #isWelcome = false;
  /** Why there was none, as it was logged last; none since the last welcome. */
  #complaint = '';
  #isStopped = false;
  #retry: NodeJS.Timeout | null = null;
  #heart: NodeJS.Timeout | null = null;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** Whether a control plane has ever welcomed this proxy. */
  get wasWelcome(): boolean {
    return this.#isWelcome;
  }

  /** Whether somebody could be asked now. */
  get isConnected(): boolean {
    return this.#stream?.isOpen === true;
  }

  start(): void {
    this.#heart = setInterval(() => this.beat(), wireLimits.heartbeatMs);
    this.#heart.unref();
    this.#connect();
  }

  /** Shows that this proxy lives, and sees whether the control plane does. */
  beat(): void {
    this.#stream?.beat();
    if (!this.isConnected) return;
    const splits = this.#splits.take(this.#options.live.entries());
    if (splits.length > 0) this.#stream?.send({ type: 'splits', splits });
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#heart !== null) clearInterval(this.#heart);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#stream?.close('the proxy ends');
  }

  subscribe(destination: string): void {
    this.#stream?.send({ type: 'subscribe', destination });
  }

  unsubscribe(destination: string): void {
    this.#stream?.send({ type: 'unsubscribe', destination });
  }

  #connect(): void {
    this.#retry = null;
    const { control, clock, metrics } = this.#options;
    metrics.configConnects.inc();
    const handlers: StreamHandlers = {
      onOpen: (stream) => this.#greet(stream),
      onLine: async (stream, line) => await this.#hear(stream, line),
      onClose: (_stream, why) => this.#onClose(why),
    };
    const timeoutMs = openTimeoutMs(this.#failures);
    this.#stream = new ControlStream(control, timeoutMs, { handlers, clock });
  }

  #greet(stream: ControlStream): void {
    const { identity, live, clock, metrics } = this.#options;
    this.#openedAtMs = clock.nowMs();
    metrics.configConnected.set(1);
    const held = [...live.texts()].map(({ key, version }) => [key, version] as const);
    const known = Object.fromEntries(held);
    stream.sendAtOnce(() => {
      stream.send({ type: 'hello', protocol: 1, proxy: identity, known });
      if (this.#options.hasInbound) stream.send({ type: 'subscribe', destination: INBOUND_KEY });
      for (const { key } of live.entries()) stream.send({ type: 'subscribe', destination: key });
    });
  }

  async #hear(stream: ControlStream, line: string): Promise<void> {
    const { clock, live, installer, log, control } = this.#options;
    const message = await runSliced(readControlLine(line), clock);
    switch (message?.type) {
      case 'welcome':
        this.#isWelcome = true;
        this.#complaint = '';
        return log.info(
          { control: control.url, by: message.controlPlane },
          'control plane connected',
        );
      case 'put':
        return await this.#apply(stream, message.put);
      case 'gone':
        if (live.has(message.destination)) installer.remove(message.destination, message.nearest);
        return;
      case 'query':
        // Not awaited: a tap of seconds must hold up no configuration.
        void this.#answer(stream, message.id, message.query);
        return;
      default: // `current` and `ping` change nothing; what is unknown is a newer version's.
        return;
    }
  }

  async #answer(stream: ControlStream, id: number, query: ProxyQuery): Promise<void> {
    const line = await this.#options.queries?.answerLine(id, query);
    if (line !== undefined) stream.sendIfRoom(line);
  }

  async #apply(stream: ControlStream, put: ConfigText): Promise<void> {
    const { live, installer } = this.#options;
    const { key: destination, version } = put;
    // Not when unsubscribed meanwhile, nor when the next stream may have brought a newer one.
    const isWanted = (): boolean =>
      stream.isOpen && (destination === INBOUND_KEY || live.has(destination));
    if (!isWanted()) return;
    const reason = await installer.install(put, isWanted);
    if (reason === null) stream.send({ type: 'applied', destination, version });
    else stream.send({ type: 'refused', destination, version, reason });
  }

  #onClose(why: string): void {
    const { clock, chance, log, metrics, control } = this.#options;
    const wasOpen = metrics.configConnected.value === 1;
    metrics.configConnected.set(0);
    this.#stream = null;
    if (this.#isStopped) return;
    const livedMs = clock.nowMs() - this.#openedAtMs;
    if (wasOpen && livedMs > limits.configReconnectMaxMs) this.#failures = 0;
    this.#failures++;
    // Once for each outage and cause: a line per attempt would bury everything else.
    if (why !== this.#complaint) {
      log.warn({ control: control.url, why }, 'no control plane; what was learned stays in force');
    }
    this.#complaint = why;
    this.#retry = setTimeout(() => this.#connect(), reconnectDelayMs(this.#failures, chance));
  }
}
