import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inboundDefaults } from '@remora/api/resilience-defaults.ts';
import type { ControlMessage, DestinationConfig } from '@remora/api/wire.ts';
import type { Subscriber } from './publication.ts';
import { type Compiler, Publisher } from './publisher.ts';
import { destinationNamed } from './sample-destination.ts';

const CATALOG = 'catalog.shop:80';
const CART = 'cart.shop:80';

class FakeProxy implements Subscriber {
  readonly proxy;
  readonly messages: ControlMessage[] = [];

  constructor(name: string, namespace = 'shop') {
    this.proxy = { name, namespace, workload: name };
  }

  send(_destination: string, line: string): void {
    this.messages.push(JSON.parse(line));
  }

  get types(): readonly string[] {
    return this.messages.map(({ type }) => type);
  }

  /** The version of the last put. */
  get version(): string {
    const puts = this.messages.filter((message) => message.type === 'put');
    return puts.at(-1)?.version ?? 'none';
  }
}

function compilerOf(...configs: readonly DestinationConfig[]): Compiler {
  return {
    compile: (destination) => configs.find(({ key }) => key === destination) ?? null,
    inbound: () => inboundDefaults,
    nearest: () => configs.map(({ key }) => key),
  };
}

function publisherOf(...configs: readonly DestinationConfig[]): Publisher {
  return new Publisher(compilerOf(...configs), () => {});
}

const catalogService = { kind: 'Service', namespace: 'shop', name: 'catalog' };

describe('a publisher', () => {
  test('sends a change only to the proxies subscribed to what changed', () => {
    const publisher = publisherOf(destinationNamed(CATALOG), destinationNamed(CART));
    const [storefront, orders] = [new FakeProxy('storefront'), new FakeProxy('orders')];
    publisher.subscribe(storefront, CATALOG, null);
    publisher.subscribe(orders, CART, null);

    const changed = publisher.apply(
      compilerOf(destinationNamed(CATALOG, 2_000), destinationNamed(CART)),
    );
    assert.equal(changed, 1);
    assert.deepEqual(storefront.types, ['put', 'put']);
    assert.deepEqual(orders.types, ['put']);
  });

  test('sends nothing when a new world means the same', () => {
    const publisher = publisherOf(destinationNamed(CATALOG));
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, CATALOG, null);
    assert.equal(publisher.apply(compilerOf(destinationNamed(CATALOG))), 0);
    assert.deepEqual(storefront.types, ['put']);
  });

  test('answers current to a proxy that holds this version, and counts it as applied', () => {
    const publisher = publisherOf(destinationNamed(CATALOG));
    const first = new FakeProxy('first');
    publisher.subscribe(first, CATALOG, null);
    const again = new FakeProxy('again');
    publisher.subscribe(again, CATALOG, first.version);
    assert.deepEqual(again.types, ['current']);
    assert.deepEqual(publisher.appliedBy(catalogService), {
      applied: 1,
      interested: 2,
      refused: [],
    });
  });

  test('pushes a destination that starts to exist to those who heard that it was gone', () => {
    const publisher = publisherOf(destinationNamed(CART));
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, CATALOG, null);
    assert.deepEqual(storefront.messages, [
      { type: 'gone', destination: CATALOG, nearest: [CART] },
    ]);
    publisher.apply(compilerOf(destinationNamed(CATALOG)));
    publisher.apply(compilerOf());
    assert.deepEqual(storefront.types, ['gone', 'put', 'gone']);
  });

  test('sends nothing after an unsubscribe, and keeps nothing', () => {
    const publisher = publisherOf(destinationNamed(CATALOG));
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, CATALOG, null);
    publisher.unsubscribe(storefront, CATALOG);
    publisher.apply(compilerOf(destinationNamed(CATALOG, 2_000)));
    assert.deepEqual(storefront.types, ['put']);
    assert.equal(publisher.size, 0);
    assert.equal(publisher.appliedBy(catalogService).interested, 0);
  });

  test('compiles for the namespace of the proxy', () => {
    const compiler: Compiler = {
      ...compilerOf(),
      compile: (key, namespace) => destinationNamed(key, namespace === 'blog' ? 5 : 6),
    };
    const publisher = new Publisher(compiler, () => {});
    const [inside, outside] = [new FakeProxy('a', 'shop'), new FakeProxy('b', 'blog')];
    publisher.subscribe(inside, CATALOG, null);
    publisher.subscribe(outside, CATALOG, null);
    assert.notEqual(inside.version, outside.version);
  });
});

describe('a subscription by address', () => {
  const ADDRESS = '10.96.0.7:80';
  const byAddress = (config: DestinationConfig | null): Compiler => ({
    ...compilerOf(),
    compile: (key) => (key === ADDRESS || key === CATALOG ? config : null),
  });

  test('is answered under the address, with the configuration of the name', () => {
    const publisher = new Publisher(byAddress(destinationNamed(CATALOG)), () => {});
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, ADDRESS, null);
    publisher.subscribe(storefront, CATALOG, null);
    const [address, name] = storefront.messages;
    assert.ok(address?.type === 'put' && name?.type === 'put');
    assert.deepEqual([address.destination, name.destination], [ADDRESS, CATALOG]);
    assert.equal(address.version, name.version);
    assert.equal(address.config.key, CATALOG);
  });

  test('counts for the objects behind it once it is acknowledged under the address', () => {
    const publisher = new Publisher(byAddress(destinationNamed(CATALOG)), () => {});
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, ADDRESS, null);
    publisher.acknowledge(storefront, CATALOG, { applied: storefront.version });
    assert.equal(publisher.appliedBy(catalogService).applied, 0);
    publisher.acknowledge(storefront, ADDRESS, { applied: storefront.version });
    assert.equal(publisher.appliedBy(catalogService).applied, 1);
  });

  test('hears when the address becomes a Service’s, and when it is nobody’s again', () => {
    const publisher = new Publisher(byAddress(null), () => {});
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, ADDRESS, null);
    publisher.apply(byAddress(destinationNamed(CATALOG)));
    publisher.apply(byAddress(null));
    assert.deepEqual(storefront.types, ['gone', 'put', 'gone']);
    assert.ok(
      storefront.messages.every((message) => {
        return 'destination' in message && message.destination === ADDRESS;
      }),
    );
  });
});

describe('the count of proxies that applied an object', () => {
  test('grows with acknowledgements of the newest version only', () => {
    const publisher = publisherOf(destinationNamed(CATALOG));
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, CATALOG, null);
    const old = storefront.version;
    publisher.acknowledge(storefront, CATALOG, { applied: old });
    assert.equal(publisher.appliedBy(catalogService).applied, 1);

    publisher.apply(compilerOf(destinationNamed(CATALOG, 2_000)));
    assert.equal(publisher.appliedBy(catalogService).applied, 0);
    publisher.acknowledge(storefront, CATALOG, { applied: old });
    assert.equal(publisher.appliedBy(catalogService).applied, 0);
    publisher.acknowledge(storefront, CATALOG, { applied: storefront.version });
    assert.equal(publisher.appliedBy(catalogService).applied, 1);
  });

  test('counts a proxy only when it has applied all that it uses', () => {
    const mesh = { kind: 'MeshConfig', namespace: '', name: 'mesh', generation: 1 };
    const configs = [CATALOG, CART].map((key) => ({ ...destinationNamed(key), sources: [mesh] }));
    for (const behind of [CATALOG, CART]) {
      const publisher = publisherOf(...configs);
      const storefront = new FakeProxy('storefront');
      for (const key of [CATALOG, CART]) {
        publisher.subscribe(storefront, key, null);
        const { version } = storefront;
        if (key !== behind) publisher.acknowledge(storefront, key, { applied: version });
      }
      const counted = publisher.appliedBy(mesh);
      assert.deepEqual([counted.applied, counted.interested], [0, 1]);
      // What is behind catches up.
      const puts = storefront.messages.filter((message) => message.type === 'put');
      const late = puts.find(({ destination }) => destination === behind);
      publisher.acknowledge(storefront, behind, { applied: late?.version ?? '' });
      assert.equal(publisher.appliedBy(mesh).applied, 1);
    }
  });

  test('counts pods of two namespaces that have one name as two', () => {
    const publisher = publisherOf(destinationNamed(CATALOG));
    const [shop, blog] = [new FakeProxy('redis-0', 'shop'), new FakeProxy('redis-0', 'blog')];
    for (const proxy of [shop, blog]) publisher.subscribe(proxy, CATALOG, null);
    publisher.acknowledge(blog, CATALOG, { applied: blog.version });
    const { applied, interested } = publisher.appliedBy(catalogService);
    assert.deepEqual([applied, interested], [1, 2]);
  });

  test('names the proxy that refused, and why, until a newer version comes', () => {
    const publisher = publisherOf(destinationNamed(CATALOG));
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, CATALOG, null);
    const refused = { version: storefront.version, reason: 'no such regex' };
    publisher.acknowledge(storefront, CATALOG, { refused });
    assert.deepEqual(publisher.appliedBy(catalogService), {
      applied: 0,
      interested: 1,
      refused: [{ proxy: 'storefront', reason: 'no such regex' }],
    });
    publisher.apply(compilerOf(destinationNamed(CATALOG, 2_000)));
    assert.deepEqual(publisher.appliedBy(catalogService).refused, []);
  });

  test('says that a configuration over the bound of a line was not sent', () => {
    const big = { ...destinationNamed(CATALOG), name: 'x'.repeat(4 * 1024 * 1024) };
    const publisher = publisherOf(big);
    const storefront = new FakeProxy('storefront');
    publisher.subscribe(storefront, CATALOG, null);
    assert.deepEqual(storefront.types, []);
    assert.match(publisher.appliedBy(catalogService).refused[0]?.reason ?? '', /over the stream's/);
  });
});
