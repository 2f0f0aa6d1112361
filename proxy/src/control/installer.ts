/**
 * One version of one destination, or of what the inbound is told, from its text into force; or the
 * reason why not.
 *
 * Parsing and compiling run in slices. What fails changes nothing: the last good version stays. The
 * regular expression engine is loaded when a configuration first needs it, since most never do.
 *
 * Called by `subscription.ts` and `snapshot-file.ts`, one at a time.
 */
import { parseAddress } from '@remora/api/destination.ts';
import type { DestinationConfig } from '@remora/api/wire.ts';
import { INBOUND_KEY, type TracingConfig } from '@remora/api/wire-resilience.ts';
import type { Chance, Clock } from '../clock.ts';
import {
  loadRegexEngine,
  needsInboundRegex,
  needsRegex,
  noRegexEngine,
  type RegexCompiler,
} from '../routing/regex.ts';
import type { Log } from '../telemetry/log.ts';
import type { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import { type CompileContext, compileDestination } from './compile.ts';
import { compileInbound, type InboundSink } from './compile-inbound.ts';
import { checkedConfig, checkedInbound } from './config-shape.ts';
import type { Live } from './live.ts';
import { parseSliced } from './sliced-json.ts';
import { runSliced } from './slices.ts';
import type { ConfigText } from './snapshot-format.ts';

export interface InstallerOptions {
  readonly live: Live;
  /** Null: this proxy has no application. */
  readonly inbound: InboundSink | null;
  /** Null: as the proxy was started. Throws where it can't be done. Left out: nothing does. */
  readonly onTracing?: (tracing: TracingConfig | null) => void;
  readonly context: Omit<CompileContext, 'regex' | 'metrics'>;
  readonly metrics: ProxyMetrics;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** Something came into force, or left it. */
  onChange(): void;
}

export class Installer {
  readonly #options: InstallerOptions;
  #regex: RegexCompiler | null = null;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  /** Null: it is in force. Else why it is not. `wanted` is asked once more when it is compiled. */
  async install(text: ConfigText, wanted: () => boolean = always): Promise<string | null> {
    const { live, metrics, clock, log } = this.#options;
    const { key, version } = text;
    if (live.isInForce(text)) return null;
    try {
      if (key === INBOUND_KEY) {
        await this.#installInbound(text, wanted);
        return null;
      }
      const config = await this.#parse(text);
      const context = {
        ...this.#options.context,
        metrics,
        regex: await this.#engine(needsRegex(config)),
      };
      const compiled = await runSliced(compileDestination(config, version, context), clock);
      if (wanted()) live.install(compiled, text);
      else await runSliced(compiled.release(), clock);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      metrics.configRefused.inc();
      log.warn({ destination: key, version, reason }, 'configuration refused, the last good stays');
      return reason;
    }
    this.#onApplied();
    return null;
  }

  async #installInbound(text: ConfigText, wanted: () => boolean): Promise<void> {
    const { live, inbound, onTracing, clock, chance, context } = this.#options;
    if (inbound === null) return; // A file may be of a proxy with an application.
    const value = await runSliced(parseSliced(text.text), clock);
    const config = await runSliced(checkedInbound(value), clock);
    const { identity } = context;
    const regex = await this.#engine(needsInboundRegex(config));
    const work = compileInbound(config, inbound, { identity, regex, chance });
    const policy = await runSliced(work, clock);
    if (!wanted()) return;
    onTracing?.(config.tracing ?? null); // First: it may throw, and then nothing has changed.
    inbound.apply(policy);
    live.inbound = text;
    this.#onApplied();
  }

  #onApplied(): void {
    const { metrics, clock } = this.#options;
    metrics.configApplied.inc();
    metrics.configAppliedAtMs = clock.nowMs();
    this.#options.onChange();
  }

  /** Nobody tells the inbound anything any more: it is as it started. */
  resetInbound(): void {
    const { live, inbound, onTracing } = this.#options;
    if (live.inbound === null) return;
    onTracing?.(null);
    inbound?.reset();
    live.inbound = null;
    this.#options.onChange();
  }

  /** There is no such destination. */
  remove(key: string, nearest: readonly string[]): void {
    this.#options.live.markGone(key, nearest);
    this.#options.onChange();
  }

  async #parse(text: ConfigText): Promise<DestinationConfig> {
    const { clock } = this.#options;
    const value = await runSliced(parseSliced(text.text), clock);
    const config = await runSliced(checkedConfig(value), clock);
    const { key } = config;
    // An address leads to whichever Service port has it, or pod.
    if (key !== text.key && parseAddress(text.key) === null) {
      throw new Error(`configuration of ${key} under the key ${text.key}`);
    }
    return config;
  }

  async #engine(isNeeded: boolean): Promise<RegexCompiler> {
    if (!isNeeded) return noRegexEngine;
    this.#regex ??= await loadRegexEngine();
    return this.#regex;
  }
}

function always(): boolean {
  return true;
}
