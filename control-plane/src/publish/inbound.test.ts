/** What the publisher does with what is about the application beside a proxy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ControlMessage } from '@remora/api/wire.ts';
import { INBOUND_KEY, type InboundConfig } from '@remora/api/wire-resilience.ts';
import type { Subscriber } from './publication.ts';
import { type Compiler, Publisher } from './publisher.ts';
import { destinationNamed, inboundLimitedTo } from './sample-destination.ts';

const CATALOG = 'catalog.shop:80';
const policy = { kind: 'ResiliencePolicy', namespace: 'shop', name: 'catalog' };

class FakeSidecar implements Subscriber {
  readonly proxy;
  readonly messages: ControlMessage[] = [];

  constructor(name: string, workload: string, namespace = 'shop') {
    this.proxy = { name, namespace, workload };
  }

  send(_destination: string, line: string): void {
    this.messages.push(JSON.parse(line));
  }

  get types(): readonly string[] {
    return this.messages.map(({ type }) => type);
  }

  /** In flight at most, as it was told each time. */
  get told(): readonly number[] {
    const puts = this.messages.filter((message) => message.type === 'put-inbound');
    return puts.map(({ config }) => config.limits.inFlightMax);
  }

  get version(): string {
    const puts = this.messages.filter((message) => message.type === 'put-inbound');
    return puts.at(-1)?.version ?? 'none';
  }
}

function compilerOf(inbound: (namespace: string, workload: string) => InboundConfig): Compiler {
  return {
    compile: (key) => (key === CATALOG ? destinationNamed(key) : null),
    inbound,
    nearest: () => [],
  };
}

const byWorkload: Record<string, number> = { 'shop/catalog': 5, 'shop/cart': 6, 'blog/cart': 7 };
const compiler = compilerOf((namespace, workload) => {
  return inboundLimitedTo(byWorkload[`${namespace}/${workload}`] ?? 1);
});

describe('the configuration of an application', () => {
  test('is that of the workload and the namespace of whoever asks', () => {
    const publisher = new Publisher(compiler, () => {});
    const sidecars = [
      new FakeSidecar('a', 'catalog'),
      new FakeSidecar('b', 'cart'),
      new FakeSidecar('c', 'cart', 'blog'),
    ];
    for (const sidecar of sidecars) publisher.subscribe(sidecar, INBOUND_KEY, null);
    assert.deepEqual(
      sidecars.map(({ told }) => told),
      [[5], [6], [7]],
    );
  });

  test('is one for all instances of a workload', () => {
    const publisher = new Publisher(compiler, () => {});
    for (const name of ['a', 'b']) {
      publisher.subscribe(new FakeSidecar(name, 'catalog'), INBOUND_KEY, null);
    }
    assert.equal(publisher.size, 1);
  });

  test('is sent again only when it means something else, and only to who asked', () => {
    const publisher = new Publisher(compiler, () => {});
    const [asked, silent] = [new FakeSidecar('a', 'catalog'), new FakeSidecar('b', 'catalog')];
    publisher.subscribe(asked, INBOUND_KEY, null);
    publisher.subscribe(silent, CATALOG, null);
    assert.equal(publisher.apply(compilerOf(() => inboundLimitedTo(5))), 0);
    assert.equal(publisher.apply(compilerOf(() => inboundLimitedTo(9))), 1);
    assert.deepEqual(asked.told, [5, 9]);
    assert.deepEqual(silent.types, ['put']);
  });

  test('is answered with current where it is held from last-good', () => {
    const publisher = new Publisher(compiler, () => {});
    const first = new FakeSidecar('a', 'catalog');
    publisher.subscribe(first, INBOUND_KEY, null);
    const again = new FakeSidecar('b', 'catalog');
    publisher.subscribe(again, INBOUND_KEY, first.version);
    assert.deepEqual(again.messages, [
      { type: 'current', destination: INBOUND_KEY, version: first.version },
    ]);
  });

  test('counts for the policy that it came from, by who applied it and who refused', () => {
    const publisher = new Publisher(compiler, () => {});
    const [first, second] = [new FakeSidecar('a', 'catalog'), new FakeSidecar('b', 'catalog')];
    for (const sidecar of [first, second]) publisher.subscribe(sidecar, INBOUND_KEY, null);
    publisher.acknowledge(first, INBOUND_KEY, { applied: first.version });
    const refused = { version: second.version, reason: 'no such header' };
    publisher.acknowledge(second, INBOUND_KEY, { refused });
    assert.deepEqual(publisher.appliedBy(policy), {
      applied: 1,
      interested: 2,
      refused: [{ proxy: 'b', reason: 'no such header' }],
    });
  });

  test('is not to be had by a proxy whose namespace only looks like the way there', () => {
    const publisher = new Publisher(compiler, () => {});
    const crooked = { name: 'x', namespace: `shop|${INBOUND_KEY}`, workload: 'x' };
    const thief: Subscriber = { proxy: crooked, send: () => {} };
    publisher.subscribe(thief, 'catalog', null);
    const owner = new FakeSidecar('a', 'catalog');
    publisher.subscribe(owner, INBOUND_KEY, null);
    assert.deepEqual(owner.told, [5]);
    assert.equal(publisher.size, 2);
  });
});
