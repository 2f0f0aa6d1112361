/** Claims about compiling: what a destination becomes, and that a refused one changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RuleConfig } from '@remora/api/wire.ts';
import * as limits from '../limits.ts';
import { OUTCOME } from '../resilience/outcome.ts';
import { BREAKER } from '../resilience/rule-breaker.ts';
import {
  backendConfig,
  ControlWorld,
  destinationConfig,
  drained,
  requestHead,
  ruleConfig,
} from './control-fixture.ts';
import { compileDestination } from './compile.ts';

const withRoute = destinationConfig('catalog', {
  matches: [
    {
      rule: 0,
      path: { type: 'prefix', value: '/items' },
      method: null,
      headers: [],
      query: [],
      source: null,
    },
  ],
  rules: [ruleConfig('canary', 'catalog-v1', 'catalog-v2')],
  backends: {
    'catalog.shop:80': backendConfig('catalog'),
    'catalog-v1.shop:80': backendConfig('catalog-v1', [9_101]),
    'catalog-v2.shop:80': backendConfig('catalog-v2', [9_201, 9_202]),
  },
});

function exposed(world: ControlWorld): string {
  return [...world.metrics.registry.expose()].join('');
}

describe('a compiled destination', () => {
  test('routes by its table, and without one by its fallback', () => {
    const world = new ControlWorld();
    const { destination } = world.compile(withRoute, 'v7');
    assert.equal(destination.version, 'v7');
    assert.equal(destination.table?.match(requestHead('/items/1'))?.rule.id, 'canary');
    assert.equal(destination.table?.match(requestHead('/other')), null);
    assert.equal(world.compile(destinationConfig('cart')).destination.table, null);
  });

  test('has the endpoints of every backend before it is in force', () => {
    const world = new ControlWorld();
    const [rule] = world.compile(withRoute).rules;
    assert.deepEqual(
      rule!.targets.map(({ backend }) => backend!.endpoints.map(({ key }) => key)),
      [['127.0.0.1:9101'], ['127.0.0.1:9201', '127.0.0.1:9202']],
    );
  });

  test('shows its targets at 0, by route and backend', () => {
    const world = new ControlWorld();
    world.compile(withRoute);
    const service = 'direction="outbound",dst_service="catalog",dst_namespace="shop",dst_port="80"';
    const target = 'route="canary",backend="catalog-v2.shop:80"';
    assert(exposed(world).includes(`\nrequest_total{${service},${target}} 0\n`));
  });

  test('shares a backend, and so its connections, with other destinations', () => {
    const world = new ControlWorld();
    const [rule] = world.compile(withRoute).rules;
    const direct = world.compile(destinationConfig('catalog-v1'));
    assert.equal(direct.destination.fallback.targets[0]!.backend, rule!.targets[0]!.backend);
  });

  test('asks for the peer only where a split or a ring is by the peer', () => {
    const world = new ControlWorld();
    const plain = ruleConfig('plain', 'catalog');
    const sticky = { key: { type: 'peer', name: '' }, salt: '' } as const;
    const rules = [plain, { ...plain, id: 'sticky', sticky }];
    const compiled = world.compile(destinationConfig('catalog', { matches: [], rules }));
    assert.deepEqual(
      compiled.rules.map(({ needsPeer }) => needsPeer),
      [false, true, false],
    );
    const ring = backendConfig('ring');
    const balancer = {
      ...ring.balancer,
      type: 'ring-hash',
      hashKey: { type: 'peer', name: '' },
    } as const;
    const byRing = destinationConfig('ring', { backends: { [ring.key]: { ...ring, balancer } } });
    assert.equal(world.compile(byRing).destination.fallback.needsPeer, true);
    const toRing = destinationConfig('catalog', {
      fallback: { ...plain, fallback: ring.key },
      backends: { [ring.key]: { ...ring, balancer }, 'catalog.shop:80': backendConfig('catalog') },
    });
    assert.equal(world.compile(toRing).destination.fallback.needsPeer, true);
  });

  test('keeps the share of an invalid backend, with its reason', () => {
    const target = { ...ruleConfig('r', 'x').backends[0]!, backend: null, invalid: 'no Service x' };
    const rules = [{ ...ruleConfig('canary', 'catalog'), backends: [target] }];
    const config = destinationConfig('catalog', { matches: [], rules });
    const [compiled] = new ControlWorld().compile(config).rules;
    assert.deepEqual(
      [compiled!.targets[0]!.backend, compiled!.targets[0]!.invalid],
      [null, 'no Service x'],
    );
  });
});

describe('a destination that cannot be served', () => {
  const unknown = { ...withRoute, rules: [ruleConfig('canary', 'catalog-v1', 'nowhere')] };
  const own = destinationConfig('catalog', {
    backends: { 'catalog.shop:80': backendConfig('catalog', [9_001, 15_001]) },
  });

  test('is refused with the backend or endpoint that is wrong', () => {
    const world = new ControlWorld();
    assert.throws(() => world.compile(unknown), /backend nowhere.shop:80, which is missing/);
    assert.throws(() => world.compile(own), /catalog-1 of catalog.shop:80 .*own outbound listener/);
  });

  test('leaves backends and series as they were', () => {
    const world = new ControlWorld();
    const good = world.compile(withRoute);
    const changed = { ...unknown.backends, 'catalog-v1.shop:80': backendConfig('catalog-v1', [1]) };
    assert.throws(() => world.compile({ ...unknown, backends: changed }));
    assert.equal(good.rules[0]!.targets[0]!.backend!.endpoints[0]!.port, 9_101);
    drained(good.release());
    world.clock.advanceMs(limits.seriesIdleMs);
    world.backends.sweep();
    world.metrics.sweep();
    assert.deepEqual([...world.backends.backends()], []);
    assert.doesNotMatch(exposed(world), /^request_total\{/m);
  });
});

describe('a breaker of a rule', () => {
  const breaker = { failuresMax: 1, cooldownMs: 1_000 };
  const broken = { ...ruleConfig('canary', 'catalog'), breaker };
  const lenient = { ...broken, breaker: { ...breaker, failuresMax: 2 } };
  const one = (rule: RuleConfig) => destinationConfig('catalog', { matches: [], rules: [rule] });

  test('stays, open or not, and takes the new settings of a version that is in force', () => {
    const world = new ControlWorld();
    const held = world.compile(one(broken)).rules[0]!.targets[0]!.breaker!;
    const next = world.compile(one(lenient), 'v2').rules[0]!.targets[0]!.breaker!;
    assert.equal(next, held);
    held.report(held.admit(0), OUTCOME.FAILED, 0);
    assert.equal(held.state, BREAKER.CLOSED);
  });

  test('takes nothing of a version that is refused', () => {
    const world = new ControlWorld();
    const held = world.compile(one(broken)).rules[0]!.targets[0]!.breaker!;
    const rules = [lenient, ruleConfig('next', 'nowhere')];
    assert.throws(() => world.compile(destinationConfig('catalog', { matches: [], rules }), 'v2'));
    held.report(held.admit(0), OUTCOME.FAILED, 0);
    assert.equal(held.state, BREAKER.OPEN);
  });
});

describe('a replaced destination', () => {
  test('keeps the endpoints, with what they know, that both have', () => {
    const world = new ControlWorld();
    const before = world.compile(destinationConfig('catalog'));
    const endpoint = before.destination.fallback.targets[0]!.backend!.endpoints[0]!;
    endpoint.ewmaMs = 77;
    const after = world.compile(destinationConfig('catalog'), 'v2');
    drained(before.release());
    assert.equal(after.destination.fallback.targets[0]!.backend!.endpoints[0], endpoint);
  });

  test('lets a backend that nothing names go only after a while: requests may still pick', () => {
    const world = new ControlWorld();
    const compiled = world.compile(destinationConfig('catalog'));
    const backend = compiled.destination.fallback.targets[0]!.backend!;
    drained(compiled.release());
    world.clock.advanceMs(limits.backendUnusedMs - 1);
    world.backends.sweep();
    assert.notEqual(backend.pick(null, '', null, 0), null);
    world.clock.advanceMs(1);
    world.backends.sweep();
    assert.equal(backend.pick(null, '', null, 0), null);
  });
});

test('a thousand rules are compiled in many steps', () => {
  const rules = Array.from({ length: 1_000 }, (_, i) => ruleConfig(`rule-${i}`, 'catalog'));
  const config = destinationConfig('catalog', { matches: [], rules });
  let steps = 0;
  const work = compileDestination(config, 'v1', new ControlWorld().context);
  while (work.next().done !== true) steps++;
  assert(steps > 50, `${steps} steps`);
});
