/**
 * Configuration and a world for the tests of this room: a destination from the few parts that a
 * test cares about, with everything else at its plainest.
 *
 * Tests only.
 */
import { backendDefaults, ruleDefaults } from '@remora/api/resilience-defaults.ts';
import type { BackendConfig, DestinationConfig, RuleConfig } from '@remora/api/wire.ts';
import { ManualClock } from '../clock.ts';
import { Head } from '../http1/head.ts';
import { PARSE_OK, parseRequestHead } from '../http1/head-parser.ts';
import { noRegexEngine } from '../routing/regex.ts';
import type { LogFields } from '../telemetry/log.ts';
import { idleSources } from '../telemetry/metric-sources.ts';
import { ProxyMetrics } from '../telemetry/proxy-metrics.ts';
import { TimerWheel } from '../timer-wheel.ts';
import type { ControlTarget } from './control-dial.ts';
import { BreakerRegistry } from './breaker-registry.ts';
import { BackendRegistry } from './backend-registry.ts';
import { type CompileContext, type Compiled, compileDestination } from './compile.ts';
import { Installer } from './installer.ts';
import { Live } from './live.ts';
import type { ConfigText } from './snapshot-format.ts';

export const identity = { name: 'web-0', namespace: 'shop', workload: 'web' } as const;

export function plainTarget(url: string): ControlTarget {
  return { url, authority: null, tokenFile: null };
}

/** `ports`: the endpoints, at 127.0.0.1. */
export function backendConfig(name: string, ports: readonly number[] = [9_001]): BackendConfig {
  return {
    key: `${name}.shop:80`,
    endpoints: ports.map((port, at) => ({
      address: '127.0.0.1',
      port,
      weight: 1,
      instance: `${name}-${at}`,
      inMesh: true,
    })),
    ...backendDefaults,
    balancer: { ...backendDefaults.balancer, type: 'round-robin' },
  };
}

export function ruleConfig(id: string, ...backends: readonly string[]): RuleConfig {
  return {
    id,
    ...ruleDefaults,
    backends: backends.map((name) => ({
      backend: `${name}.shop:80`,
      invalid: null,
      weight: 1,
      requestHeaders: null,
      responseHeaders: null,
    })),
  };
}

export function destinationConfig(
  name: string,
  parts: Partial<DestinationConfig> = {},
): DestinationConfig {
  const backend = backendConfig(name);
  return {
    key: backend.key,
    name,
    namespace: 'shop',
    port: 80,
    protocol: 'http',
    matches: null,
    rules: [],
    fallback: ruleConfig('default', name),
    backends: { [backend.key]: backend },
    sources: [],
    ...parts,
  };
}

export function textOf(config: DestinationConfig, version = 'v1'): ConfigText {
  return { key: config.key, version, text: JSON.stringify(config) };
}

export class RecordingLog {
  readonly lines: { readonly fields: LogFields; readonly message: string }[] = [];
  readonly info = (fields: LogFields, message: string): void => this.#add(fields, message);
  readonly warn = this.info;
  readonly error = this.info;

  #add(fields: LogFields, message: string): void {
    this.lines.push({ fields, message });
  }

  count(message: RegExp): number {
    return this.lines.filter((line) => message.test(line.message)).length;
  }
}

/** Everything that compiles and holds configuration, on a clock that stands still. */
export class ControlWorld {
  readonly clock = new ManualClock();
  readonly backends = new BackendRegistry({
    clock: this.clock,
    wheel: new TimerWheel(this.clock, () => undefined),
    chance: () => 0.5,
  });
  readonly live = new Live(this.clock);
  readonly log = new RecordingLog();
  changes = 0;
  readonly metrics = new ProxyMetrics(
    idleSources({
      backends: () => this.backends.backends(),
      destinations: () => this.live.entries(),
    }),
    this.clock,
  );
  readonly context: CompileContext = {
    identity,
    backends: this.backends,
    breakers: new BreakerRegistry(),
    metrics: this.metrics,
    regex: noRegexEngine,
    isOwnListener: (_address, port) => port === 15_001,
  };
  readonly installer = new Installer({
    live: this.live,
    inbound: null,
    context: this.context,
    metrics: this.metrics,
    clock: this.clock,
    chance: () => 0.5,
    log: this.log,
    onChange: () => {
      this.changes++;
    },
  });

  compile(config: DestinationConfig, version = 'v1'): Compiled {
    return drained(compileDestination(config, version, this.context));
  }
}

/** What a generator gives when nobody interrupts it. */
export function drained<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

export function requestHead(target: string): Head {
  const bytes = Buffer.from(`GET ${target} HTTP/1.1\r\nhost: catalog\r\n\r\n`);
  const head = new Head();
  head.collect(bytes, 0, bytes.length);
  if (parseRequestHead(head, head.slab, 0, head.filled) !== PARSE_OK) throw new Error(target);
  return head;
}
