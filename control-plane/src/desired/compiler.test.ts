import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readObjects } from '../files/object-reading.ts';
import { versionOf } from '../publish/versions.ts';
import { compileSnapshot } from '../snapshot.ts';
import { emptyWorld, foldWorld, type World, withInstances } from '../world.ts';
import { podNamed, serviceNamed, worldWith } from '../world-fixture.ts';
import { destinations, WorldCompiler } from './compiler.ts';
import { destinationConfig } from './proxy-config.ts';

function worldOf(text: string): World {
  const { objects, problems } = readObjects('test.yaml', text);
  assert.deepEqual(problems, []);
  return foldWorld(
    emptyWorld,
    objects.map(({ object }) => ({ type: 'put', object }) as const),
  );
}

function service(name: string): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { selector: { app: ${name} }, ports: [ { port: 80 } ] }
`;
}

function route(name: string, namespace: string, target: string): string {
  return `---
apiVersion: remora.dev/v1alpha1
kind: TrafficRoute
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  targetRef: { name: ${target}, namespace: shop }
  rules:
    - matches: [ { path: { prefix: /${name} } } ]
      backends: [ { service: ${target}, namespace: shop, weight: 3 } ]
`;
}

describe('the compiler of a world', () => {
  const world = worldOf(
    service('catalog') +
      route('producer', 'shop', 'catalog') +
      route('consumer', 'blog', 'catalog'),
  );

  test('gives every namespace what destinationConfig gives it', () => {
    const compiler = new WorldCompiler(world);
    for (const namespace of ['shop', 'blog', 'news', 'shop', 'blog']) {
      const wanted = destinationConfig(world, 'catalog.shop:80', namespace);
      assert.deepEqual(compiler.compile('catalog.shop:80', namespace), wanted);
    }
  });

  test('compiles once for all namespaces that are no consumers', () => {
    const compiler = new WorldCompiler(world);
    const [shop, news, blog] = ['shop', 'news', 'blog'].map((namespace) =>
      compiler.compile('catalog.shop:80', namespace),
    );
    assert.equal(shop, news);
    assert.notEqual(shop, blog);
  });

  test('offers the nearest names, closest first, and none for a wild guess', () => {
    const several = worldOf(['catalog', 'cart', 'catalog-v2'].map(service).join(''));
    const compiler = new WorldCompiler(several);
    assert.equal(compiler.nearest('catalogue.shop:80')[0], 'catalog.shop:80');
    assert.equal(compiler.nearest('catalog.default:80')[0], 'catalog.shop:80');
    assert.deepEqual(compiler.nearest('zz'), []);
  });

  test('compiles once for the name and the addresses of a Service port', () => {
    const addressed = worldWith(
      serviceNamed('catalog', { clusterIPs: ['10.96.0.7', 'fd00::7'] }),
      podNamed('other', ['10.96.0.7']),
    );
    const compiler = new WorldCompiler(addressed);
    const config = compiler.compile('catalog.shop:80', 'shop');
    assert.ok(config !== null);
    assert.equal(compiler.compile('10.96.0.7:80', 'news'), config);
    assert.equal(compiler.compile('[fd00::7]:80', 'shop'), config);
  });

  test('offers no names for an address, which nobody typed', () => {
    assert.deepEqual(new WorldCompiler(world).nearest('10.96.0.7:80'), []);
  });

  test('makes a snapshot of every destination, with the versions of the stream', () => {
    const { format, destinations: all } = compileSnapshot(world, 'blog');
    assert.equal(format, 'remora-snapshot/1');
    const config = destinationConfig(world, 'catalog.shop:80', 'blog');
    assert.ok(config !== null);
    assert.deepEqual(all, { 'catalog.shop:80': { version: versionOf(config), config } });
  });

  test('compiles 1,000 services with 1,000 routes in less than 400 ms of CPU', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `service-${index}`);
    const objects = names.map((name) => service(name) + route(`route-${name}`, 'shop', name));
    const instances = names.map((name, index) => {
      const labels = { app: name };
      const at = { address: '127.0.0.1', inboundPort: 1_024 + index, ready: true };
      return { name, namespace: 'shop', workload: name, labels, ...at };
    });
    const large = worldOf(objects.join(''));
    let fastestMs = Infinity;
    for (let round = 0; round < 3; round++) {
      const before = process.cpuUsage();
      const changed = withInstances(foldWorld(large, []), instances);
      const compiler = new WorldCompiler(changed);
      for (const key of destinations(changed)) {
        const config = compiler.compile(key, 'shop');
        assert.ok(config !== null && versionOf(config).length > 0);
      }
      const { user, system } = process.cpuUsage(before); // A busy machine stretches the clock.
      fastestMs = Math.min(fastestMs, (user + system) / 1_000);
    }
    assert.ok(fastestMs < 400, `${fastestMs} ms`);
  });
});
