/**
 * What the application's proxy is told becomes what its inbound role reads: limits, rate limits,
 * and which requests are critical or collapsed with their duplicates.
 *
 * Rules of the inbound differ from each other in little: all lead to the one application. A rate
 * limit that did not change keeps its buckets, or each change would let a burst through.
 *
 * Pure: a generator, run in slices by `installer.ts`. Throws an Error with the reason.
 */
import type { PortProtocol, ProxyIdentity } from '@remora/api/wire.ts';
import {
  type InboundConfig,
  type InboundRuleConfig,
  type LimitsConfig,
  PROBE_RULE,
  type RateLimitConfig,
} from '@remora/api/wire-resilience.ts';
import type { Chance } from '../clock.ts';
import { RateLimit } from '../resilience/rate-limit.ts';
import { PRIORITY } from '../resilience/ticket.ts';
import type { RouteMatcher, Rule } from '../routing/compiled.ts';
import type { RegexCompiler } from '../routing/regex.ts';
import { compileRouteTable } from '../routing/route-table.ts';

/** What the inbound role does, beside passing requests on. */
export interface InboundPolicy {
  readonly limits: LimitsConfig;
  readonly rateLimits: readonly NamedRateLimit[];
  /** Which rule is kubelet's; null: it asks the application for nothing. */
  readonly probe: Rule | null;
  /** Null: every request takes `fallback`. */
  readonly table: RouteMatcher | null;
  readonly fallback: Rule;
  /** Of the ports that Services lead to. */
  readonly protocols: ReadonlyMap<number, PortProtocol>;
}

export interface NamedRateLimit {
  readonly config: RateLimitConfig;
  readonly limit: RateLimit;
}

/** The role, as its configuration sees it. */
export interface InboundSink {
  /** What every rule has in common. */
  readonly rule: Rule;
  readonly policy: InboundPolicy;
  apply(policy: InboundPolicy): void;
  /** Back to the defaults. */
  reset(): void;
}

export function* compileInbound(
  config: InboundConfig,
  sink: InboundSink,
  context: {
    readonly identity: ProxyIdentity;
    readonly regex: RegexCompiler;
    readonly chance: Chance;
  },
): Generator<void, InboundPolicy> {
  const ruleOf = (rule: InboundRuleConfig): Rule => ({
    ...sink.rule,
    id: rule.id,
    priority: PRIORITY[rule.priority],
    duplicates: rule.duplicates,
  });
  const rules = config.rules.map(ruleOf);
  const table =
    config.matches === null ? null : yield* compileRouteTable(config.matches, rules, context);
  return {
    limits: config.limits,
    probe: rules.find(({ id }) => id === PROBE_RULE) ?? null,
    rateLimits: rateLimits(config.rateLimits, sink.policy.rateLimits, context.chance),
    table,
    fallback: ruleOf(config.fallback),
    protocols: new Map(config.ports.map(({ port, protocol }) => [port, protocol])),
  };
}

function rateLimits(
  configs: readonly RateLimitConfig[],
  before: readonly NamedRateLimit[],
  chance: Chance,
): readonly NamedRateLimit[] {
  const held = new Map(before.map((one) => [JSON.stringify(one.config), one]));
  return configs.map((config) => {
    return held.get(JSON.stringify(config)) ?? { config, limit: new RateLimit(config, chance) };
  });
}
