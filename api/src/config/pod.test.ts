import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObject, type Pod } from './objects.ts';

function read(spec: object, status: object = {}, metadata: object = {}): Pod {
  const named = { name: 'catalog-5b9d8-x7x2q', namespace: 'shop', ...metadata };
  const parsed = parseObject({ apiVersion: 'v1', kind: 'Pod', metadata: named, spec, status });
  assert.ok(parsed.is === 'object' && parsed.object.kind === 'Pod');
  return parsed.object;
}

const app = { name: 'app', image: 'shop/catalog' };

describe('what is kept of a Pod', () => {
  test('is a sidecar where an init container has its name, and nowhere else', () => {
    const proxy = { name: 'remora-proxy', restartPolicy: 'Always' };
    assert.equal(read({ containers: [app], initContainers: [proxy] }).spec.hasSidecar, true);
    assert.equal(read({ containers: [app, proxy] }).spec.hasSidecar, false);
  });

  test('is the named TCP ports of the application, and none of the sidecar', () => {
    const ports = [
      { name: 'web', containerPort: 8080 },
      { containerPort: 9090 },
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
    ];
    const initContainers = [{ name: 'remora-proxy', ports: [{ name: 'x', containerPort: 1 }] }];
    const { namedPorts } = read({ containers: [{ ...app, ports }], initContainers }).spec;
    assert.deepEqual(namedPorts, [{ name: 'web', port: 8080 }]);
  });

  test('is the paths that kubelet asks the application for, each once', () => {
    const readinessProbe = { httpGet: { path: '/ready?deep=1', port: 'web' } };
    const livenessProbe = { httpGet: { path: 'ready', port: 8080 } };
    const startupProbe = { httpGet: { path: '/rewritten', port: 15_404 } };
    const containers = [{ ...app, readinessProbe, livenessProbe, startupProbe }];
    assert.deepEqual(read({ containers }).spec.probePaths, ['/ready']);
  });

  test('is every address, of both families, and the one of an old API server', () => {
    const containers = [app];
    const podIPs = [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }];
    const both = read({ containers }, { podIP: '10.0.0.1', podIPs }).status.addresses;
    assert.deepEqual(both, ['10.0.0.1', 'fd00::1']);
    assert.deepEqual(read({ containers }, { podIP: '10.0.0.1' }).status.addresses, ['10.0.0.1']);
    assert.deepEqual(read({ containers }).status.addresses, []);
  });

  test('is our annotations and nobody else’s', () => {
    const annotations = { 'remora.dev/inject': 'enabled', 'example.com/large': 'x'.repeat(1_000) };
    const kept = read({ containers: [app] }, {}, { annotations }).metadata.annotations;
    assert.deepEqual(kept, { 'remora.dev/inject': 'enabled' });
  });

  test('does not change with a heartbeat, nor with readiness', () => {
    const conditions = [{ type: 'Ready', status: 'True', lastProbeTime: '1' }];
    const before = read({ containers: [app] }, { phase: 'Running', conditions });
    const [ready] = conditions;
    const after = read(
      { containers: [app] },
      {
        phase: 'Running',
        conditions: [{ ...ready, status: 'False', lastProbeTime: '2' }],
        qosClass: 'Burstable',
      },
      { resourceVersion: '2' },
    );
    assert.deepEqual(after, before);
  });
});

describe('an object of Kubernetes', () => {
  test('may have nulls wherever a field may be missing, as the API server writes them', () => {
    const metadata = { name: 'catalog', labels: { a: null, b: 'c' }, creationTimestamp: null };
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata };
    const parsed = parseObject({ ...slice, addressType: 'IPv4', endpoints: null, ports: null });
    assert.ok(parsed.is === 'object' && parsed.object.kind === 'EndpointSlice');
    assert.deepEqual(parsed.object.endpoints, undefined);
    assert.deepEqual(parsed.object.metadata.labels, { b: 'c' });
  });
});
