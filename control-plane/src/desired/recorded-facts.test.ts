import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { emptyWorld, foldWorld } from '../world.ts';
import { objectOf, podNamed, serviceNamed, sliceNamed, worldWith } from '../world-fixture.ts';
import { WorldCompiler } from './compiler.ts';
import { clusterEvents } from '../../../test/support/cluster-events.ts';

const KEYS = ['cart', 'catalog', 'orders'].flatMap((name) => {
  return ['shop', 'blog'].map((namespace) => `${name}.${namespace}:80`);
});
const ADDRESSES = ['10.0.0.1:80', '10.0.0.2:8080', '[fd00::1]:80', '[fd00::1]:8080'];

/** All that is asked of a compiler in these tests. */
function everything(compiler: WorldCompiler): unknown[] {
  return ['shop', 'blog', 'news'].flatMap((namespace) => [
    ...[...KEYS, ...ADDRESSES].map((key) => compiler.compile(key, namespace)),
    ...['cart', 'catalog', 'orders'].map((workload) => compiler.inbound(namespace, workload)),
  ]);
}

describe('property: a compiler that follows another', () => {
  test('gives what a compiler that has seen no other world gives', () => {
    fc.assert(
      fc.property(clusterEvents, (events) => {
        let world = emptyWorld;
        let compiler = new WorldCompiler(world);
        for (const event of events) {
          world = foldWorld(world, [event]);
          compiler = new WorldCompiler(world, compiler);
          assert.deepEqual(everything(compiler), everything(new WorldCompiler(world)));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('a compiler that follows another', () => {
  const endpoints = [{ addresses: ['10.1.0.1'], targetRef: { kind: 'Pod', name: 'catalog-0' } }];
  const world = worldWith(
    serviceNamed('catalog'),
    serviceNamed('cart'),
    podNamed('catalog-0', ['10.1.0.1']),
    sliceNamed('catalog-x', 'catalog', { endpoints }),
  );
  const first = new WorldCompiler(world);
  const catalog = first.compile('catalog.shop:80', 'shop');

  test('gives the same object while nothing that it was made of has changed', () => {
    const object = objectOf(serviceNamed('cart', { ports: [{ port: 81 }] }));
    const next = new WorldCompiler(foldWorld(world, [{ type: 'put', object }]), first);
    assert.equal(next.compile('catalog.shop:80', 'shop'), catalog);
  });

  test('makes another when something that was looked for and not there has come', () => {
    const policy = {
      apiVersion: 'remora.dev/v1alpha1',
      kind: 'ResiliencePolicy',
      metadata: { name: 'catalog', namespace: 'shop' },
      spec: { targetRef: { name: 'catalog' }, limits: { inFlight: 3 } },
    };
    const changed = foldWorld(world, [{ type: 'put', object: objectOf(policy) }]);
    const now = new WorldCompiler(changed, first).compile('catalog.shop:80', 'shop');
    assert.equal(now?.backends['catalog.shop:80']?.limits.inFlightMax, 3);
  });
});
