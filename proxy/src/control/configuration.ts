/**
 * Everything that brings configuration into force, joined: file or stream, installer, last-good.
 *
 *   --snapshot or --last-good → installer → live        --control → subscription → the same
 *
 * With a control plane the files are only where one starts from; without one the snapshot is
 * watched. One timer a minute lets go of what is no longer used.
 *
 * Made by `proxy.ts`, which hands `live` to the outbound role.
 */
import type { ProxyIdentity } from '@remora/api/wire.ts';
import type { TracingConfig } from '@remora/api/wire-resilience.ts';
import type { Chance, Clock } from '../clock.ts';
import * as limits from '../limits.ts';
import type { Log } from '../telemetry/log.ts';
import type { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import { BackendRegistry } from './backend-registry.ts';
import { BreakerRegistry } from './breaker-registry.ts';
import type { InboundSink } from './compile-inbound.ts';
import type { ControlTarget } from './control-dial.ts';
import { Installer } from './installer.ts';
import { LastGood } from './last-good.ts';
import { Live } from './live.ts';
import { loadSnapshot, SnapshotFile } from './snapshot-file.ts';
import type { ConfigText } from './snapshot-format.ts';
import type { Queries } from './queries.ts';
import { Subscription } from './subscription.ts';

export interface ConfigurationOptions {
  readonly identity: ProxyIdentity;
  readonly control: ControlTarget | null;
  /** The inbound role; null: this proxy has no application. */
  readonly inbound: InboundSink | null;
  /** Null: as the proxy was started. Throws where it can't be done. Left out: nothing does. */
  readonly onTracing?: (tracing: TracingConfig | null) => void;
  readonly snapshot: string | null;
  readonly lastGood: string | null;
  /** In force from the start, beside what the files hold; left out: none. */
  readonly destinations?: readonly ConfigText[];
  readonly metrics: ProxyMetrics;
  /** Goes on within a turn: work in slices is measured by it. */
  readonly clock: Clock;
  /** What backends go by, as the requests to them do. */
  readonly requestClock: Clock;
  readonly wheel: TimerWheel;
  readonly chance: Chance;
  readonly log: Log;
  /** What answers people's questions; left out: nothing does. */
  readonly queries?: Queries;
  /** Endpoints there are refused: requests would go round in a circle. */
  isOwnListener(address: string, port: number): boolean;
}

export class Configuration {
  readonly live: Live;
  readonly backends: BackendRegistry;
  readonly #options: ConfigurationOptions;
  readonly #installer: Installer;
  readonly #lastGood: LastGood | null;
  readonly #snapshot: SnapshotFile | null;
  readonly #subscription: Subscription | null;
  /** Runs from the start until the control plane has spoken. */
  readonly #patience = new WheelTimer(() => this.#startWithout());
  #hasWaited = false;
  #housekeeping: NodeJS.Timeout | null = null;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    const { identity, clock, wheel, chance, metrics, log, control, snapshot, lastGood } = options;
    const live = new Live(clock);
    this.live = live;
    this.backends = new BackendRegistry({ clock: options.requestClock, wheel, chance });
    this.#lastGood = lastGood === null ? null : new LastGood(lastGood, live, log);
    const { isOwnListener } = options;
    const installer = new Installer({
      live,
      context: {
        identity,
        backends: this.backends,
        breakers: new BreakerRegistry(),
        isOwnListener,
      },
      inbound: options.inbound,
      ...(options.onTracing !== undefined && { onTracing: options.onTracing }),
      metrics,
      clock,
      chance,
      log,
      onChange: () => this.#lastGood?.schedule(),
    });
    this.#installer = installer;
    this.#snapshot =
      snapshot === null ? null : new SnapshotFile({ file: snapshot, live, installer, clock, log });
    this.#subscription =
      control === null
        ? null
        : new Subscription({
            ...options,
            control,
            live,
            installer,
            hasInbound: options.inbound !== null,
          });
  }

  /** Resolves once all that is given and on disk is in force; then the stream opens, by itself. */
  async start(): Promise<void> {
    for (const text of this.#options.destinations ?? []) await this.#installer.install(text);
    await this.#snapshot?.apply();
    if (this.live.size === 0) await this.#readLastGood();
    if (this.#subscription === null) {
      this.#snapshot?.watch();
    } else {
      this.live.attach(this.#subscription);
      this.#subscription.start();
      this.#options.wheel.arm(this.#patience, limits.readyWithoutControlMs);
    }
    this.#housekeeping = setInterval(() => this.#sweep(), limits.housekeepingMs);
    this.#housekeeping.unref();
  }

  /**
   * Whether requests can be routed: something is in force, or there is somebody to ask. Or it was
   * waited for long enough: no pod would start while its control plane is down.
   */
  get isReady(): boolean {
    if (this.live.hasAny || this.#subscription === null) return true;
    return this.#subscription.wasWelcome || this.#hasWaited;
  }

  async stop(): Promise<void> {
    if (this.#housekeeping !== null) clearInterval(this.#housekeeping);
    this.#options.wheel.cancel(this.#patience);
    this.#subscription?.stop();
    this.#snapshot?.stop();
    await this.#lastGood?.flush();
  }

  #startWithout(): void {
    if (this.isReady) return;
    this.#hasWaited = true;
    const { control, log } = this.#options;
    log.warn(
      { control: control?.url, waitedMs: limits.readyWithoutControlMs },
      'ready without a control plane: nothing is known of any destination',
    );
  }

  async #readLastGood(): Promise<void> {
    const { lastGood: file, clock, log } = this.#options;
    if (file === null) return;
    try {
      const texts = await loadSnapshot(file, clock);
      for (const text of texts) await this.#installer.install(text);
      log.info({ file, destinations: texts.length }, 'last-good configuration in force');
    } catch (error) {
      if (isMissing(error)) return;
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ file, why }, 'last-good configuration cannot be read');
    }
  }

  #sweep(): void {
    if (this.live.sweep() > 0) this.#lastGood?.schedule();
    this.backends.sweep();
    this.#options.metrics.sweep();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
