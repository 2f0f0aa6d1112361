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
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type {
  BackendConfig,
  DestinationConfig,
  EndpointConfig,
  HeaderEditsConfig,
  MatchConfig,
  RuleConfig,
  WeightedBackendConfig,
} from '@remora/api/wire.ts';
import type { InboundConfig } from '@remora/api/wire-resilience.ts';
import { splitAddress } from './waiting.ts';

const NAMESPACE = 'shop';
const PORT = 80;
const NO_EJECTION = { ...resilienceDefaults.ejection, failuresMax: 0, successRatioMin: 0 };

export interface RuleOptions extends Partial<Omit<RuleConfig, 'backends'>> {
  /** Backends by service name; a bare name has weight 1. Null: an invalid reference. */
  readonly to?: readonly (string | Partial<WeightedBackendConfig>)[];
  /** What the rule matches; left out: everything. Best precedence first over all rules. */
  readonly matches?: readonly Partial<Omit<MatchConfig, 'rule'>>[];
}

export interface DestinationOptions {
  readonly name: string;
  /** Endpoints of the Service itself. */
  readonly endpoints?: readonly string[];
  /** Further backends, by service name. */
  readonly backends?: Readonly<Record<string, readonly string[]>>;
  /** Left out: no route is attached. */
  readonly rules?: readonly RuleOptions[];
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
  const { name, endpoints = [], backends = {}, rules } = options;
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
        backend(service, addresses, options.backend),
      ]),
    ),
    sources: [{ kind: 'Service', namespace: NAMESPACE, name, generation: 1 }],
  };
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
  const { to = [], matches: _, ...rest } = options;
  return {
    id,
    invalid: null,
    sticky: null,
    redirect: null,
    rewrite: null,
    mirrors: [],
    requestHeaders: null,
    responseHeaders: null,
    timeouts: { requestMs: 0, perTryMs: 0 },
    retry: resilienceDefaults.retry,
    hedge: null,
    faults: [],
    breaker: null,
    spillover: false,
    fallback: null,
    priority: 'default',
    ...rest,
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
  changed: Partial<BackendConfig> = {},
): BackendConfig {
  return {
    key: keyOf(name),
    endpoints: addresses.map((address, at) => endpoint(address, `${name}-${at}`)),
    balancer: { type: 'round-robin', hashKey: null, slowStartMs: 0, decayMs: 10_000 },
    connectTimeoutMs: 1_000,
    idleTimeoutMs: 30_000,
    connectionsPerEndpointMax: 256,
    waitingPerEndpointMax: 1_024,
    ejection: NO_EJECTION,
    limits: { ...resilienceDefaults.limits, adaptive: false },
    budget: resilienceDefaults.budget,
    ...changed,
  };
}

function endpoint(address: string, instance: string): EndpointConfig {
  const { host, port } = splitAddress(address);
  return { address: host, port, weight: 1, instance, inMesh: false };
}
