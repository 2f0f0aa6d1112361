import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inboundDefaults } from '@remora/api/resilience-defaults.ts';
import type { DestinationConfig, MatchConfig, RuleConfig } from '@remora/api/wire.ts';
import type { FaultConfig, InboundConfig } from '@remora/api/wire-resilience.ts';
import { checkedConfig, checkedInbound } from './config-shape.ts';
import { destinationConfig, drained, ruleConfig } from './control-fixture.ts';

const FAULT: FaultConfig = {
  type: 'abort',
  percent: 50,
  delayMs: 0,
  status: 503,
  bytesPerSecond: 0,
  header: { name: 'x-user', type: 'exact', value: 'a' },
  cohort: { key: { type: 'header', name: 'x-user' }, salt: 'spring' },
};
const RULE: RuleConfig = {
  ...ruleConfig('canary', 'catalog'),
  hedge: { afterMs: 100 },
  faults: [FAULT],
  breaker: { failuresMax: 5, cooldownMs: 1_000 },
  fallback: 'catalog.shop:80',
};
const MATCH: MatchConfig = {
  rule: 0,
  path: { type: 'prefix', value: '/' },
  method: null,
  headers: [],
  query: [],
  source: null,
};
const DESTINATION = destinationConfig('catalog', { matches: [MATCH], rules: [RULE] });
const INBOUND: InboundConfig = {
  ...inboundDefaults,
  rateLimits: [{ ratePerSecond: 0.5, burst: 1, key: { type: 'header', name: 'x-user' } }],
  matches: [MATCH],
  rules: [{ id: 'orders', priority: 'critical', duplicates: { keepMs: 1_000 } }],
};

type Path = readonly (string | number)[];

/** Every field there is, as the way to it. */
function* pathsOf(value: unknown, at: Path = []): Iterable<Path> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const path = [...at, Array.isArray(value) ? Number(key) : key];
    if (key === 'sources') continue; // Read by nobody here.
    if (!Array.isArray(value)) yield path;
    yield* pathsOf(inner, path);
  }
}

/** A copy in which `change` was done to the object that has the last field of `path`. */
function changed(value: object, path: Path, change: (at: Record<string, unknown>) => void): object {
  const copy = structuredClone(value) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as typeof at;
  change(at as Record<string, unknown>);
  return copy;
}

function refuses(check: (value: unknown) => Generator<void>, value: object): void {
  assert.doesNotThrow(() => drained(check(value)));
  for (const path of pathsOf(value)) {
    const name = String(path.at(-1));
    const without = changed(value, path, (at) => delete at[name]);
    const wrong = changed(value, path, (at) => {
      at[name] = ['wrong'];
    });
    // The name of a backend is a key and no field.
    if (name.includes(':')) continue;
    assert.throws(() => drained(check(without)), new RegExp(`${name}\\b`), `no ${path.join('.')}`);
    assert.throws(() => drained(check(wrong)), new RegExp(`${name}\\b`), `bad ${path.join('.')}`);
  }
}

describe('a configuration', () => {
  test('of a destination is refused without any of its fields, and with a wrong one', () => {
    refuses(checkedConfig, DESTINATION);
  });

  test('of an application is refused without any of its fields, and with a wrong one', () => {
    refuses(checkedInbound, INBOUND);
  });

  test('may have fields that are not known here', () => {
    drained(checkedConfig({ ...DESTINATION, fromTheFuture: 1 }));
    drained(checkedInbound({ ...INBOUND, fromTheFuture: 1 }));
  });
});

describe('a value that would only throw at a request', () => {
  const backend = DESTINATION.backends['catalog.shop:80']!;
  const ofRule = (rule: object): object => ({ ...DESTINATION, rules: [{ ...RULE, ...rule }] });
  const ofBackend = (part: object): object => {
    return { ...DESTINATION, backends: { [backend.key]: { ...backend, ...part } } };
  };
  const cases: readonly (readonly [string, object])[] = [
    ['faults[0].status', ofRule({ faults: [{ ...FAULT, status: 99 }] })],
    ['faults[0].percent', ofRule({ faults: [{ ...FAULT, percent: 101 }] })],
    ['faults[0].type', ofRule({ faults: [{ ...FAULT, type: 'flood' }] })],
    ['retry.statuses[0]', ofRule({ retry: { ...RULE.retry, statuses: [200] } })],
    ['retry.retriesMax', ofRule({ retry: { ...RULE.retry, retriesMax: Number.NaN } })],
    ['hedge.afterMs', ofRule({ hedge: { afterMs: 0 } })],
    ['breaker.failuresMax', ofRule({ breaker: { failuresMax: 0, cooldownMs: 1 } })],
    ['priority', ofRule({ priority: 'high' })],
    ['ejectedRatioMax', ofBackend({ ejection: { ...backend.ejection, ejectedRatioMax: 50 } })],
    ['ejection.windowMs', ofBackend({ ejection: { ...backend.ejection, windowMs: 0 } })],
    ['limits.inFlightMax', ofBackend({ limits: { ...backend.limits, inFlightMax: 0 } })],
    ['budget.ratio', ofBackend({ budget: { ...backend.budget, ratio: 20 } })],
  ];
  for (const [field, config] of cases) {
    test(`is refused in ${field}`, () => {
      const said = (error: Error): boolean => error.message.includes(`${field} is `);
      assert.throws(() => drained(checkedConfig(config as DestinationConfig)), said);
    });
  }

  test('is refused in a rate of 0, which no bucket would ever fill', () => {
    const rateLimits = [{ ...INBOUND.rateLimits[0], ratePerSecond: 0 }];
    assert.throws(() => drained(checkedInbound({ ...INBOUND, rateLimits })), /ratePerSecond is 0/);
  });
});
