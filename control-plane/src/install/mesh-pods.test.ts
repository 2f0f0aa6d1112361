import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject, type Pod } from '@remora/api/config/objects.ts';
import { injectedWorkloads, restartText } from './mesh-pods.ts';

interface Given {
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly labels?: Readonly<Record<string, string>>;
  readonly phase?: string;
}

function podOf({ owner, labels, phase = 'Running' }: Given): Pod {
  const parsed = parseObject({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'cart-5f6c-x7x2q',
      namespace: 'shop',
      labels,
      ownerReferences: owner === undefined ? [] : [{ ...owner, controller: true }],
    },
    spec: { containers: [{ name: 'app' }], initContainers: [{ name: 'remora-proxy' }] },
    status: { phase },
  });
  assert.ok(parsed.is === 'object' && parsed.object.kind === 'Pod', JSON.stringify(parsed));
  return parsed.object;
}

const nameOf = (given: Given) => injectedWorkloads([podOf(given)])[0]?.name;
const replicaSet = { kind: 'ReplicaSet', name: 'cart-5f6c' };

describe('the workload of a pod with a sidecar', () => {
  test('is a Deployment where its ReplicaSet ends in the hash that the pod carries', () => {
    const labels = { 'pod-template-hash': '5f6c' };
    assert.equal(nameOf({ owner: replicaSet, labels }), 'deployment/cart');
    assert.equal(nameOf({ owner: { kind: 'StatefulSet', name: 'db' } }), 'statefulset/db');
  });

  test('is no Deployment where an Argo Rollout or nobody made the ReplicaSet', () => {
    const labels = { 'rollouts-pod-template-hash': '5f6c' };
    assert.equal(nameOf({ owner: replicaSet, labels }), 'rollout/cart');
    assert.equal(nameOf({ owner: replicaSet }), 'replicaset/cart-5f6c');
    const another = { 'pod-template-hash': 'other' };
    assert.equal(nameOf({ owner: replicaSet, labels: another }), 'replicaset/cart-5f6c');
  });

  test('is nothing that kubectl could restart then, and is told so', () => {
    const labels = { 'rollouts-pod-template-hash': '5f6c' };
    const [workload] = injectedWorkloads([podOf({ owner: replicaSet, labels })]);
    assert.equal(restartText(workload!), 'rollout/cart in shop: make its pods anew');
  });

  test('is not counted by pods that have ended', () => {
    for (const phase of ['Succeeded', 'Failed']) assert.equal(nameOf({ phase }), undefined);
  });
});
