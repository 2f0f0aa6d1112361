/** Claims about what is in force: who waits, who is told, and what is let go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import * as limits from '../limits.ts';
import type { Destination } from '../routing/compiled.ts';
import { ControlWorld, destinationConfig, textOf } from './control-fixture.ts';
import { type ConfigSource, type ConfigWaiter, FULL, GONE, PENDING, READY } from './live.ts';

const KEY = 'catalog.shop:80';
const BINDINGS = 10;

class Source implements ConfigSource {
  readonly said: string[] = [];
  isConnected = true;

  subscribe(key: string): void {
    this.said.push(`+${key}`);
  }

  unsubscribe(key: string): void {
    this.said.push(`-${key}`);
  }
}

class Waiter implements ConfigWaiter {
  readonly told: (readonly [key: string | null, nearest: readonly string[]])[] = [];

  configReady(destination: Destination | null, nearest: readonly string[]): void {
    this.told.push([destination?.key ?? null, nearest]);
  }
}

function connected(): { world: ControlWorld; source: Source } {
  const world = new ControlWorld();
  const source = new Source();
  world.live.attach(source);
  return { world, source };
}

function install(world: ControlWorld, name: string, version = 'v1'): void {
  const config = destinationConfig(name);
  world.live.install(world.compile(config, version), textOf(config, version));
}

describe('a destination', () => {
  test('is asked for once, however many requests wait, and all are told when it comes', () => {
    const { world, source } = connected();
    const waiters = [new Waiter(), new Waiter()];
    for (const waiter of waiters) assert.equal(world.live.request(KEY, waiter), PENDING);
    assert.deepEqual(source.said, [`+${KEY}`]);
    assert.deepEqual(waiters[0]!.told, []);
    install(world, 'catalog');
    for (const waiter of waiters) assert.deepEqual(waiter.told, [[KEY, []]]);
    assert.equal(world.live.request(KEY, waiters[0]!), READY);
    assert.equal(world.live.lookup(KEY)?.version, 'v1');
  });

  test('is in force under each address that it was asked for by, and let go under one', () => {
    const { world, source } = connected();
    const addresses = ['10.96.0.7:80', '[fd00::7]:80'];
    const config = destinationConfig('catalog');
    for (const key of addresses) {
      world.live.request(key, new Waiter());
      world.live.install(world.compile(config), { ...textOf(config), key });
    }
    const [one, other] = addresses.map((key) => world.live.lookup(key)!);
    assert.deepEqual([one?.key, other?.key], [KEY, KEY]);
    assert.equal(world.live.lookup(KEY), null, 'nobody asked for it by its name');
    assert.equal(one!.fallback.targets[0]!.backend, other!.fallback.targets[0]!.backend);
    assert.equal(one!.fallback.series, other!.fallback.series);
    world.live.drop(addresses[0]!);
    assert.equal(source.said.at(-1), `-${addresses[0]}`);
    assert.equal(world.live.lookup(addresses[1]!), other);
  });

  test('that does not exist is GONE at once for those who come later, with names that do', () => {
    const { world } = connected();
    const waiter = new Waiter();
    world.live.request(KEY, waiter);
    world.live.markGone(KEY, ['cart.shop:80']);
    assert.deepEqual(waiter.told, [[null, ['cart.shop:80']]]);
    assert.equal(world.live.request(KEY, waiter), GONE);
    assert.deepEqual(world.live.nearest(KEY), ['cart.shop:80']);
    install(world, 'catalog');
    assert.equal(world.live.request(KEY, waiter), READY);
    assert.deepEqual(world.live.nearest(KEY), []);
  });

  test('that is gone is no longer in force', () => {
    const { world } = connected();
    world.live.request(KEY, new Waiter());
    install(world, 'catalog');
    world.live.markGone(KEY, []);
    assert.equal(world.live.lookup(KEY), null);
    assert.deepEqual([...world.live.texts()], []);
  });

  test('is replaced as a whole: who looked it up before keeps the old one', () => {
    const { world } = connected();
    install(world, 'catalog');
    const before = world.live.lookup(KEY);
    install(world, 'catalog', 'v2');
    assert.equal(before?.version, 'v1');
    assert.equal(world.live.lookup(KEY)?.version, 'v2');
  });

  test('that is replaced lets go of what it was bound to in slices', async () => {
    const { world } = connected();
    let released = 0;
    const old = world.compile(destinationConfig('catalog'));
    function* release(): Generator<void> {
      for (; released < BINDINGS; released++) {
        world.clock.advanceMs(limits.compileSliceMs);
        yield;
      }
    }
    world.live.install({ ...old, release }, textOf(destinationConfig('catalog')));
    install(world, 'catalog', 'v2');
    assert.ok(released < BINDINGS, 'all in one turn');
    for (let turn = 0; turn <= BINDINGS; turn++) await setImmediate();
    assert.equal(released, BINDINGS);
  });

  test('without anybody to ask is GONE, not awaited', () => {
    const world = new ControlWorld();
    assert.equal(world.live.request(KEY, new Waiter()), GONE);
  });
});

describe('waiting', () => {
  test('is bounded, and room comes back when those who waited have given up', () => {
    const { world } = connected();
    for (let i = 0; i < limits.waitingForConfigMax; i++) {
      assert.equal(world.live.request(KEY, new Waiter()), PENDING);
    }
    assert.equal(world.live.request(KEY, new Waiter()), FULL);
    world.clock.advanceMs(2 * limits.firstConfigTimeoutMs);
    assert.equal(world.live.request(KEY, new Waiter()), PENDING);
  });

  test('for one destination ends with that one only', () => {
    const { world } = connected();
    const [catalog, cart] = [new Waiter(), new Waiter()];
    world.live.request(KEY, catalog);
    world.live.request('cart.shop:80', cart);
    install(world, 'cart');
    assert.deepEqual([catalog.told.length, cart.told.length], [0, 1]);
  });
});

describe('a destination that nobody asks for', () => {
  test('is let go after ten minutes, and asked for again by the next request', () => {
    const { world, source } = connected();
    world.live.request(KEY, new Waiter());
    install(world, 'catalog');
    world.live.sweep();
    for (let minute = 0; minute < 10; minute++) {
      world.clock.advanceMs(60_000 - 1);
      world.live.lookup(KEY);
      world.live.sweep();
    }
    assert.notEqual(world.live.lookup(KEY), null);
    world.live.sweep();
    world.clock.advanceMs(limits.destinationIdleMs);
    assert.equal(world.live.sweep(), 1);
    assert.equal(world.live.lookup(KEY), null);
    assert.equal(world.live.request(KEY, new Waiter()), PENDING);
    assert.deepEqual(source.said, [`+${KEY}`, `-${KEY}`, `+${KEY}`]);
  });

  test('stays while the control plane is away: nobody could be asked again', () => {
    const { world, source } = connected();
    world.live.request(KEY, new Waiter());
    install(world, 'catalog');
    world.live.sweep();
    source.isConnected = false;
    world.clock.advanceMs(10 * limits.destinationIdleMs);
    assert.equal(world.live.sweep(), 0);
    assert.notEqual(world.live.lookup(KEY), null);
  });

  test('stays where it came from a file: nobody could be asked again', () => {
    const world = new ControlWorld();
    install(world, 'catalog');
    world.clock.advanceMs(10 * limits.destinationIdleMs);
    assert.equal(world.live.sweep(), 0);
    assert.notEqual(world.live.lookup(KEY), null);
  });
});

test('names that do not exist never keep out those that do', () => {
  const { world, source } = connected();
  const { destinationsMax } = limits;
  for (let i = 0; i < destinationsMax; i++) {
    const key = `guess-${i}.shop:80`;
    world.live.request(key, new Waiter());
    world.live.markGone(key, []);
    world.clock.advanceMs(limits.firstConfigTimeoutMs);
  }
  assert.equal(world.live.request(KEY, new Waiter()), PENDING);
  assert.equal(world.live.size, destinationsMax);
  assert.deepEqual(source.said.slice(-2), ['-guess-0.shop:80', `+${KEY}`]);
});
