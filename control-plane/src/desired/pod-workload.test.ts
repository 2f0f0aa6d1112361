import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { podWorkload } from './pod-workload.ts';

function owned(kind: string, name: string, labels: Readonly<Record<string, string>> = {}): string {
  const other = { kind: 'Gateway', name: 'nobody', controller: false };
  return podWorkload({
    name: 'a-pod',
    generateName: `${name}-`,
    labels,
    ownerReferences: [other, { kind, name, controller: true }],
  });
}

describe('the workload of a pod', () => {
  test('is the Deployment, told by the hash that its ReplicaSet ends in', () => {
    const labels = { 'pod-template-hash': '6d4b75cb6d' };
    assert.equal(owned('ReplicaSet', 'cart-6d4b75cb6d', labels), 'cart');
    assert.equal(owned('ReplicaSet', 'cart-v2-6d4b75cb6d', labels), 'cart-v2');
  });

  test('is the Rollout, by its own label', () => {
    const labels = { 'rollouts-pod-template-hash': '5f6c' };
    assert.equal(owned('ReplicaSet', 'cart-5f6c', labels), 'cart');
  });

  test('is the ReplicaSet itself where no hash says that another made it', () => {
    assert.equal(owned('ReplicaSet', 'cart-6d4b75cb6d'), 'cart-6d4b75cb6d');
    assert.equal(owned('ReplicaSet', 'cart', { 'pod-template-hash': 'cart' }), 'cart');
    assert.equal(owned('ReplicaSet', '-abc', { 'pod-template-hash': 'abc' }), '-abc');
  });

  test('is the CronJob for a Job named after a minute, and else the Job', () => {
    assert.equal(owned('Job', 'report-29934720'), 'report');
    assert.equal(owned('Job', 'report-20261126'), 'report-20261126');
    assert.equal(owned('Job', 'report-2993472'), 'report-2993472');
    assert.equal(owned('Job', 'migrate'), 'migrate');
  });

  test('is any other owner by its name', () => {
    assert.equal(owned('StatefulSet', 'db'), 'db');
    assert.equal(owned('DaemonSet', 'agent'), 'agent');
  });

  test('is the name that a bare pod was given, before and after it has one', () => {
    assert.equal(podWorkload({ name: 'one' }), 'one');
    assert.equal(podWorkload({ generateName: 'load-' }), 'load');
    assert.equal(podWorkload({ generateName: 'load-', name: 'load-x7k2p' }), 'load');
    assert.equal(podWorkload({}), '');
  });

  test('is not the node for the mirror of a static pod', () => {
    const node = { kind: 'Node', name: 'node-1', controller: true };
    assert.equal(podWorkload({ name: 'etcd-node-1', ownerReferences: [node] }), 'etcd-node-1');
  });
});
