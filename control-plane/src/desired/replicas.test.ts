import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { emptyWorld, foldWorld } from '../world.ts';
import { otherReplicas } from './replicas.ts';

const NAMESPACE = 'remora-system';

function slice(addressType: string, addresses: Record<string, string>) {
  const labels = { 'kubernetes.io/service-name': 'remora-control' };
  const endpoints = Object.entries(addresses).map(([name, address]) => {
    return { addresses: [address], conditions: { ready: true }, targetRef: { kind: 'Pod', name } };
  });
  const metadata = {
    name: `remora-control-${addressType.toLowerCase()}`,
    namespace: NAMESPACE,
    labels,
  };
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType },
    ...{ endpoints, ports: [{ name: 'control', port: 15_410 }] },
  };
}

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'remora-control', namespace: NAMESPACE },
  spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::9'], ports: [{ port: 15_410 }] },
};

function worldOf(...raws: object[]) {
  return foldWorld(
    emptyWorld,
    raws.map((raw) => {
      const parsed = parseObject(raw);
      if (parsed.is !== 'object') throw new Error(parsed.is);
      return { type: 'put' as const, object: parsed.object };
    }),
  );
}

test('the other replica is one address, by whatever families both are reached', () => {
  const world = worldOf(
    service,
    slice('IPv4', { 'control-a': '10.244.0.1', 'control-b': '10.244.0.2' }),
    slice('IPv6', { 'control-a': 'fd00::1', 'control-b': 'fd00::2' }),
  );
  const self = { namespace: NAMESPACE, name: 'control-a' };
  assert.deepEqual(otherReplicas(world, self), ['10.244.0.2']);
});

test('nobody is asked before the Service is known', () => {
  assert.deepEqual(otherReplicas(worldOf(), { namespace: NAMESPACE, name: 'control-a' }), []);
});
