/**
 * What a rule says on failing, as the proxy reads it: tries, hedges, faults, breaker, fallback.
 *
 * A fallback that leads nowhere is left out: the requests that would have gone there are answered
 * as if there were none, and the route's condition says why.
 *
 * Pure. Called by `rule-config.ts`.
 */
import type { Cohort, Fault } from '@remora/api/config/objects.ts';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { RuleConfig, StickyConfig } from '@remora/api/wire.ts';
import type { FaultConfig, RetryConfig } from '@remora/api/wire-resilience.ts';
import { hashKey } from './hash-key.ts';
import { over, retryOver } from './layers.ts';
import { headerMatch } from './match-config.ts';
import type { Route, Rule } from './route.ts';

export type FailureConfig = Pick<
  RuleConfig,
  'retry' | 'hedge' | 'faults' | 'breaker' | 'spillover' | 'fallback' | 'priority'
>;

/** `retry`: the Service's. `fallback`: the key that the rule's own leads to. */
export function failureConfig(
  rule: Rule,
  route: Route,
  { retry, fallback }: { readonly retry: RetryConfig; readonly fallback: string | null },
): FailureConfig {
  const { breaker } = rule;
  return {
    retry: retryOver(retry, rule.retries),
    hedge: rule.hedge ?? null,
    faults: (rule.faults ?? []).map((fault) => faultConfig(fault, route)),
    breaker: breaker === undefined ? null : over(resilienceDefaults.breaker, breaker),
    spillover: rule.spillover ?? false,
    fallback,
    priority: rule.priority ?? 'default',
  };
}

function faultConfig(fault: Fault, route: Route): FaultConfig {
  return {
    type: faultType(fault),
    percent: fault.percent,
    delayMs: fault.delay ?? 0,
    status: fault.abort ?? 0,
    bytesPerSecond: fault.slowBody ?? 0,
    header: fault.header === undefined ? null : headerMatch(fault.header),
    cohort: cohortConfig(fault.cohort, route),
  };
}

/** Of the four exactly one is given. */
function faultType({ delay, abort, reset }: Fault): FaultConfig['type'] {
  if (delay !== undefined) return 'delay';
  if (abort !== undefined) return 'abort';
  return reset === undefined ? 'slow-body' : 'reset';
}

function cohortConfig(cohort: Cohort | undefined, { metadata }: Route): StickyConfig | null {
  if (cohort === undefined) return null;
  // Not the salt of `sticky`, or the users of a canary would be those who get the faults.
  const salt = cohort.salt ?? `${metadata.namespace}/${metadata.name}/faults`;
  return { key: hashKey(cohort), salt };
}
