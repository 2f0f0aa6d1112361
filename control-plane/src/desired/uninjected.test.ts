import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { podNamed, SIDECAR, worldWith } from '../world-fixture.ts';
import { identityOf } from './identity.ts';
import { uninjectedPods } from './uninjected.ts';

const INJECT = 'remora.dev/inject';

function namespaceNamed(name: string, labels: object): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

const shop = namespaceNamed('shop', { [INJECT]: 'enabled' });
const inBlog = (more: object) => podNamed('a', [], { namespace: 'blog', metadata: more });

function found(...objects: readonly object[]): readonly string[] {
  return uninjectedPods(worldWith(...objects)).map(({ name }) => name);
}

describe('a pod without a sidecar', () => {
  test('is told where its namespace asks for one, and what to do about it', () => {
    const [told] = uninjectedPods(worldWith(shop, podNamed('a', [])));
    assert.match(told?.why ?? '', /^Namespace shop asks for a sidecar .* restart its workload$/);
    assert.deepEqual(found(namespaceNamed('shop', {}), podNamed('a', [])), []);
  });

  test('is told where it asks for one itself, by label or by annotation', () => {
    assert.deepEqual(found(inBlog({ annotations: { [INJECT]: 'enabled' } })), ['a']);
    assert.deepEqual(found(inBlog({ labels: { [INJECT]: 'enabled' } })), ['a']);
    assert.deepEqual(found(inBlog({})), []);
  });

  test('is left alone where it says no, whatever its namespace says', () => {
    const annotations = { [INJECT]: 'disabled' };
    assert.deepEqual(found(shop, podNamed('a', [], { metadata: { annotations } })), []);
    assert.deepEqual(found(shop, podNamed('a', [], { labels: { [INJECT]: 'disabled' } })), []);
  });

  test('is left alone where it cannot have one or will not be there', () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    const node = { kind: 'Node', name: 'n', controller: true };
    const pending = { ...podNamed('pending', []), status: { phase: 'Pending' } };
    assert.deepEqual(
      found(
        shop,
        pending,
        podNamed('injected', [], SIDECAR),
        podNamed('host', [], { hostNetwork: true }),
        podNamed('leaving', [], { metadata: { deletionTimestamp } }),
        podNamed('mirror', [], { metadata: { ownerReferences: [node] } }),
      ),
      [],
    );
  });
});

describe('the identity of a proxy', () => {
  test('is its pod, with the workload that made it', () => {
    const ownerReferences = [{ kind: 'ReplicaSet', name: 'cart-5f', controller: true }];
    const labels = { 'pod-template-hash': '5f' };
    const world = worldWith(podNamed('cart-5f-x', [], { labels, metadata: { ownerReferences } }));
    const identity = { name: 'cart-5f-x', namespace: 'shop', workload: 'cart' };
    assert.deepEqual(identityOf(world, 'shop', 'cart-5f-x'), identity);
  });

  test('is nobody where there is no such pod, or it is another namespace’s', () => {
    const world = worldWith(podNamed('cart', []));
    assert.equal(identityOf(world, 'blog', 'cart'), null);
    assert.equal(identityOf(world, 'shop', 'cart-1'), null);
  });
});
