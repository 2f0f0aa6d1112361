/**
 * Configuration for process-level tests: whole destinations from the few options a test needs.
 *
 * What crosses the wire is complete, with every default applied; a test that had to spell that out
 * would bury its point. The builders here fill the rest with the plainest value there is: no route,
 * round robin, no timeout, no ejection, no limit that moves. They share no code with `desired/`,
 * whose output has its own tests.
 *
 * Pure but for `writeSnapshot`, which writes the file that `--snapshot` reads.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  backendDefaults,
  inboundDefaults,
  resilienceDefaults,
  ruleDefaults,
} from '@remora/api/resilience-defaults.ts';
import type {
  BackendConfig,
  DestinationConfig,
  EndpointConfig,
  HeaderEditsConfig,
  MatchConfig,
  RuleConfig,
  WeightedBackendConfig,
} from '@remora/api/wire.ts';
import type {
  FaultConfig,
  InboundConfig,
  RetryConfig,
  RuleBreakerConfig,
} from '@remora/api/wire-resilience.ts';
import { splitAddress } from './waiting.ts';

const NAMESPACE = 'shop';
const PORT = 80;
const NO_EJECTION = { ...resilienceDefaults.ejection, failuresMax: 0, successRatioMin: 0 };
const NO_FAULT: Omit<FaultConfig, 'type'> = {
  percent: 100,
  delayMs: 0,
  status: 0,
  bytesPerSecond: 0,
  header: null,
  cohort: null,
};

/** What a test says of these is merged into the plain value. */
type Merged = 'backends' | 'timeouts' | 'retry' | 'breaker' | 'faults' | 'fallback';

export interface RuleOptions extends Partial<Omit<RuleConfig, Merged>> {
  /** Backends by service name; a bare name has weight 1. Null: an invalid reference. */
  readonly to?: readonly (string | Partial<WeightedBackendConfig>)[];
  /** What the rule matches; left out: everything. Best precedence first over all rules. */
  readonly matches?: readonly Partial<Omit<MatchConfig, 'rule'>>[];
  readonly timeouts?: Partial<RuleConfig['timeouts']>;
  readonly retry?: Partial<RetryConfig>;
  readonly breaker?: Partial<RuleBreakerConfig>;
  readonly faults?: readonly (Partial<FaultConfig> & Pick<FaultConfig, 'type'>)[];
  /** By service name. */
  readonly fallback?: string;
}

/** Changed in every backend, and merged into the plain value. */
export interface BackendOptions {
  readonly ejection?: Partial<BackendConfig['ejection']>;
  readonly limits?: Partial<BackendConfig['limits']>;
  readonly budget?: Partial<BackendConfig['budget']>;
  /** Whether a Remora inbound stands before every endpoint. */
  readonly inMesh?: boolean;
}

export interface DestinationOptions extends BackendOptions {
  readonly name: string;
  /** Endpoints of the Service itself. */
  readonly endpoints?: readonly string[];
  /** Further backends, by service name. */
  readonly backends?: Readonly<Record<string, readonly string[]>>;
  /** Left out: no route is attached. */
  readonly rules?: readonly RuleOptions[];
  /** Instead of `rules`: the only one, which leads to the Service itself unless it says `to`. */
  readonly rule?: RuleOptions;
  /** Changed in every backend. */
  readonly backend?: Partial<BackendConfig>;
}

/** `name.shop:80`. */
export function keyOf(name: string): string {
  return `${name}.${NAMESPACE}:${PORT}`;
}

export function edits(options: Partial<HeaderEditsConfig>): HeaderEditsConfig {
  return { set: [], add: [], remove: [], ...options };
}

export function destination(options: DestinationOptions): DestinationConfig {
  const { name, endpoints = [], backends = {} } = options;
  const rules = options.rule === undefined ? options.rules : [{ to: [name], ...options.rule }];
  const all = { [name]: endpoints, ...backends };
  return {
    key: keyOf(name),
    name,
    namespace: NAMESPACE,
    port: PORT,
    protocol: 'http',
    matches: rules === undefined ? null : rules.flatMap(matchesOf),
    rules: (rules ?? []).map((options, at) => rule(options, `${NAMESPACE}/${name}/${at}`)),
    fallback: rule({ to: [name] }, 'default'),
    backends: Object.fromEntries(
      Object.entries(all).map(([service, addresses]) => [
        keyOf(service),
        backend(service, addresses, options),
      ]),
    ),
    sources: [{ kind: 'Service', namespace: NAMESPACE, name, generation: 1 }],
  };
}

export type InboundOptions = Partial<Omit<InboundConfig, 'limits'>> & {
  readonly limits?: Partial<InboundConfig['limits']>;
};

/** What the application beside a proxy is told: no limit that moves, and what the test says. */
export function inboundConfig({ limits, ...rest }: InboundOptions): InboundConfig {
  const { limits: plain, ...defaults } = inboundDefaults;
  return { ...defaults, ...rest, limits: { ...plain, adaptive: false, ...limits } };
}

/** Hash of the content, as the control plane would say. */
export function versionOf(config: DestinationConfig | InboundConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}

/** Writes a file for `--snapshot` and returns its path. `inbound`: what the application is told. */
export function writeSnapshot(
  destinations: readonly DestinationConfig[],
  inbound?: InboundConfig,
): string {
  const file = join(mkdtempSync(join(tmpdir(), 'remora-snapshot-')), 'snapshot.json');
  const byKey = destinations.map((config) => [config.key, { version: versionOf(config), config }]);
  const snapshot = {
    format: 'remora-snapshot/1',
    destinations: Object.fromEntries(byKey),
    ...(inbound !== undefined && { inbound: { version: versionOf(inbound), config: inbound } }),
  };
  writeFileSync(file, JSON.stringify(snapshot));
  return file;
}

function matchesOf(options: RuleOptions, rule: number): MatchConfig[] {
  const matches = options.matches ?? [{}];
  return matches.map((match) => ({
    path: null,
    method: null,
    headers: [],
    query: [],
    source: null,
    ...match,
    rule,
  }));
}

function rule(options: RuleOptions, id: string): RuleConfig {
  const { to = [], matches: _, timeouts, retry, breaker, faults, fallback, ...rest } = options;
  return {
    id,
    ...ruleDefaults,
    ...rest,
    timeouts: { ...ruleDefaults.timeouts, ...timeouts },
    retry: { ...ruleDefaults.retry, ...retry },
    breaker: breaker === undefined ? null : { ...resilienceDefaults.breaker, ...breaker },
    faults: (faults ?? []).map((fault) => ({ ...NO_FAULT, ...fault })),
    fallback: fallback === undefined ? null : keyOf(fallback),
    backends: to.map((one) => ({
      invalid: null,
      weight: 1,
      requestHeaders: null,
      responseHeaders: null,
      ...(typeof one === 'string' ? { backend: keyOf(one) } : { backend: null, ...one }),
    })),
  };
}

function backend(
  name: string,
  addresses: readonly string[],
  options: DestinationOptions,
): BackendConfig {
  const { ejection, limits, budget, inMesh = false } = options;
  return {
    key: keyOf(name),
    endpoints: addresses.map((address, at) => endpoint(address, `${name}-${at}`, inMesh)),
    ...backendDefaults,
    balancer: { ...backendDefaults.balancer, type: 'round-robin' },
    ejection: { ...NO_EJECTION, ...ejection },
    limits: { ...backendDefaults.limits, adaptive: false, ...limits },
    budget: { ...backendDefaults.budget, ...budget },
    ...options.backend,
  };
}

function endpoint(address: string, instance: string, inMesh: boolean): EndpointConfig {
  const { host, port } = splitAddress(address);
  return { address: host, port, weight: 1, instance, inMesh };
}
