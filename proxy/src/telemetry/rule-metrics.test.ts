/** Claims about the metrics of rules: shares as wanted and as realised, breakers, versions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resilienceDefaults } from '@remora/api/resilience-defaults.ts';
import type { RuleConfig } from '@remora/api/wire.ts';
import {
  backendConfig,
  ControlWorld,
  destinationConfig,
  ruleConfig,
  textOf,
} from '../control/control-fixture.ts';
import { OUTCOME } from '../resilience/outcome.ts';

const BACKENDS = Object.fromEntries(
  ['catalog', 'one', 'other'].map((name) => [`${name}.shop:80`, backendConfig(name)]),
);

class Bench {
  readonly control = new ControlWorld();

  /** In force: one rule that splits so. */
  split(weights: readonly number[], changed: Partial<RuleConfig> = {}, version = 'v1'): void {
    const rule = ruleConfig('canary', 'one', 'other');
    const backends = rule.backends.map((backend, at) => ({ ...backend, weight: weights[at]! }));
    const rules = [{ ...rule, backends, ...changed }];
    const config = destinationConfig('catalog', { rules, backends: BACKENDS });
    this.control.live.install(this.control.compile(config, version), textOf(config, version));
  }

  get targets() {
    const [entry] = this.control.live.entries();
    return entry!.compiled!.rules[0]!.targets;
  }

  /** Of both backends. */
  shares(name: string): number[] {
    return ['one', 'other'].map((backend) => this.read(name, `route="canary",backend="${backend}`));
  }

  read(name: string, labels: string): number {
    const lines = this.lines(name).filter((line) => line.includes(labels));
    assert.equal(lines.length, 1, `${name} ${labels}: ${lines.join(' ')}`);
    return Number(lines[0]!.split(' ').at(-1));
  }

  lines(name: string): string[] {
    const text = [...this.control.metrics.registry.expose()].join('');
    return text.split('\n').filter((line) => line.startsWith(`${name}{`));
  }
}

describe('a split', () => {
  test('is shown as wanted, and as realised from 0 on', () => {
    const bench = new Bench();
    bench.split([90, 30]);
    assert.deepEqual(bench.shares('remora_split_wanted_ratio'), [0.75, 0.25]);
    assert.deepEqual(bench.shares('remora_split_realised_ratio'), [0, 0]);
    for (let at = 0; at < 10; at++) bench.targets[at < 7 ? 0 : 1]!.series.record(200, 1, false);
    assert.deepEqual(bench.shares('remora_split_realised_ratio'), [0.7, 0.3]);
  });

  test('is realised anew once its weights change, and goes on when they do not', () => {
    const bench = new Bench();
    bench.split([1, 1]);
    bench.shares('remora_split_realised_ratio');
    bench.targets[0]!.series.record(200, 1, false);
    bench.split([1, 1], {}, 'v2');
    assert.deepEqual(bench.shares('remora_split_realised_ratio'), [1, 0]);
    bench.split([0, 1], {}, 'v3');
    bench.shares('remora_split_realised_ratio');
    bench.targets[1]!.series.record(200, 1, false);
    assert.deepEqual(bench.shares('remora_split_realised_ratio'), [0, 1]);
  });

  test('of two rules of one name is shown once', () => {
    const bench = new Bench();
    const rules = [ruleConfig('canary', 'one', 'other'), ruleConfig('canary', 'one')];
    const config = destinationConfig('catalog', { rules, backends: BACKENDS });
    bench.control.live.install(bench.control.compile(config), textOf(config));
    assert.deepEqual(bench.shares('remora_split_wanted_ratio'), [0.5, 0.5]);
    assert.deepEqual(bench.shares('remora_split_realised_ratio'), [0, 0]);
  });

  test('without any weight, and two targets of one backend, come once at most', () => {
    const bench = new Bench();
    bench.split([0, 0]);
    const ofCanary = () =>
      bench.lines('remora_split_wanted_ratio').filter((line) => line.includes('canary'));
    assert.deepEqual(ofCanary(), []);
    const [first] = ruleConfig('canary', 'one').backends;
    bench.split([], { backends: [first!, first!] });
    assert.equal(ofCanary().length, 1);
    assert.equal(bench.read('remora_split_wanted_ratio', 'canary'), 1);
  });
});

describe('a breaker of a rule', () => {
  test('is in one state at a time', () => {
    const bench = new Bench();
    bench.split([1, 1], { breaker: { ...resilienceDefaults.breaker, failuresMax: 1 } });
    const states = () =>
      ['closed', 'open', 'half_open'].map((state) =>
        bench.read('remora_rule_breakers', `backend="one.shop:80",state="${state}"`),
      );
    assert.deepEqual(states(), [1, 0, 0]);
    const breaker = bench.targets[0]!.breaker!;
    const nowMs = bench.control.clock.nowMs();
    breaker.report(breaker.admit(nowMs), OUTCOME.FAILED, nowMs);
    assert.deepEqual(states(), [0, 1, 0]);
    breaker.admit(nowMs + resilienceDefaults.breaker.cooldownMs);
    assert.deepEqual(states(), [0, 0, 1]);
  });

  test('that there is none of has no series', () => {
    const bench = new Bench();
    bench.split([1, 1]);
    assert.deepEqual(bench.lines('remora_rule_breakers'), []);
  });
});

test('the version in force is shown for each destination, and no older one', () => {
  const bench = new Bench();
  bench.split([1, 1], {}, 'aaa');
  bench.split([1, 2], {}, 'bbb');
  const line = 'remora_config_version_info{destination="catalog.shop:80",version="bbb"} 1';
  assert.deepEqual(bench.lines('remora_config_version_info'), [line]);
});

test('a destination that several addresses lead to is shown once', () => {
  const bench = new Bench();
  bench.split([3, 1]);
  const { live } = bench.control;
  const config = destinationConfig('catalog', { backends: BACKENDS });
  for (const key of ['10.96.0.7:80', '[fd00::7]:80']) {
    live.install(bench.control.compile(config, 'v1'), { ...textOf(config, 'v1'), key });
  }
  assert.equal(bench.lines('remora_config_version_info').length, 1);
  assert.deepEqual(bench.shares('remora_split_wanted_ratio'), [0.75, 0.25]);
  const text = bench.lines('remora_split_wanted_ratio').map((line) => line.split(' ')[0]);
  assert.equal(new Set(text).size, text.length);
});
