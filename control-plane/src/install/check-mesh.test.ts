import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isWithin } from './check-after.ts';
import { checkMesh } from './check-mesh.ts';
import { restartText } from './mesh-pods.ts';

const cart = { namespace: 'shop', name: 'deployment/cart', pods: 2, versions: ['1.0.0'] };
const levels = (reading: Parameters<typeof checkMesh>[0]) => {
  return checkMesh(reading).map(({ level }) => level);
};

describe('the mesh, checked', () => {
  test('is fine where every sidecar is of this release and connected', () => {
    const mesh = { injected: [cart], uninjected: [] };
    assert.deepEqual(levels({ mesh, version: '1.0.0', connected: { proxies: 2 } }), ['ok', 'ok']);
  });

  test('names what slipped through, is of another version, and is not connected', () => {
    const slipped = { namespace: 'shop', name: 'old-1', uid: 'a', workload: 'old', why: '' };
    const mesh = { injected: [cart], uninjected: [slipped, { ...slipped, name: 'old-2' }] };
    const findings = checkMesh({ mesh, version: '1.1.0', connected: { proxies: 1 } });
    assert.deepEqual(
      findings.map(({ level }) => level),
      ['doubt', 'doubt', 'doubt'],
    );
    const [uninjected, other, connected] = findings;
    assert.match(uninjected?.what ?? '', /^2 pods .*: old\.shop$/);
    assert.match(other?.what ?? '', /deployment\/cart\.shop \(1\.0\.0\)/);
    assert.match(other?.next ?? '', /kubectl rollout restart deployment\/cart -n shop/);
    assert.match(connected?.what ?? '', /^1 of 2 sidecars/);
  });

  test('takes an unknown count for no count', () => {
    const mesh = { injected: [cart], uninjected: [] };
    const findings = levels({ mesh, version: '1.0.0', connected: { why: 'no kubectl' } });
    assert.deepEqual(findings, ['ok', 'doubt']);
  });
});

describe('what is to be restarted', () => {
  test('is what kubectl can restart; a Job ends, and a lone pod is made anew by hand', () => {
    const text = (name: string) => restartText({ ...cart, name });
    assert.equal(text('statefulset/db'), 'kubectl rollout restart statefulset/db -n shop');
    assert.match(text('job/once'), /ends by itself/);
    assert.match(text('pod/alone'), /make its pods anew/);
  });
});

describe('a kind of the cluster', () => {
  test('is ours where it has all of ours, whatever the API server added', () => {
    assert.ok(isWithin({ a: [{ b: 1 }], u: undefined }, { a: [{ b: 1, more: 2 }], c: 3 }));
    assert.ok(!isWithin({ a: [1] }, { a: [1, 2] }));
    assert.ok(!isWithin({ a: { b: 1 } }, { a: { b: 2 } }));
    assert.ok(!isWithin({ a: { b: 1 } }, { a: null }));
  });
});
