import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersionOf, deployments, namespaces, pathOf, pods } from './resource.ts';

test('a path names group, namespace, object and part, and encodes what it is given', () => {
  const status = { namespace: 'shop', name: 'cart', subresource: 'status' };
  assert.equal(
    pathOf(deployments, status),
    '/apis/apps/v1/namespaces/shop/deployments/cart/status',
  );
  assert.equal(pathOf(pods, {}), '/api/v1/pods');
  assert.equal(pathOf(pods, { namespace: 'a/../b' }), '/api/v1/namespaces/a%2F..%2Fb/pods');
});

test('a kind of the whole cluster has no namespace, whatever it is given', () => {
  assert.equal(pathOf(namespaces, { namespace: 'x', name: 'shop' }), '/api/v1/namespaces/shop');
});

test('an apiVersion of the core group is the version alone', () => {
  assert.equal(apiVersionOf(pods), 'v1');
  assert.equal(apiVersionOf(deployments), 'apps/v1');
});
